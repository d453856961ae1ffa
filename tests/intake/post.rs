//! Envelopes with bars as a post prints them, drawn by an encoder of our own: it shares nothing with what the station reads them with.

use laixin::scan::separators::Grey;

use super::measure::Dice;

/// Widths of bars and spaces of Code 128's characters 0 to 105, six each (ISO/IEC 15417, table 1).
const CHARACTERS: &[u8] = b"\
212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122123221223211221132221231\
213212223112312131311222321122321221312212322112322211212123212321232121111323131123131321112313132113132311211313231113231311\
112133112331132131113123113321133121313121211331231131213113213311213131311123311321331121312113312311332111314111221411431111\
111224111422121124121421141122141221112214112412122114122411142112142211241211221114413111241112134111111242121142121241114212\
124112124211411212421112421211212141214121412121111143111341131141114113114311411113411311113141114131311141411131211412211214\
211232";
const STOP: [u8; 7] = [2, 3, 3, 1, 1, 1, 2];
const START_B: usize = 104;
const TO_B: usize = 100;
const TO_C: usize = 99;

/// Widths of the bars and spaces of a text: pairs of digits share a character where four or more stand together.
fn code_128(text: &str) -> Vec<u8> {
    let text = text.as_bytes();
    let (mut values, mut in_pairs, mut at) = (vec![START_B], false, 0);
    while at < text.len() {
        let digits = text[at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let pairs = digits >= 4 || in_pairs && digits >= 2;
        if pairs != in_pairs {
            values.push(if pairs { TO_C } else { TO_B });
            in_pairs = pairs;
        }
        if pairs {
            values.push(usize::from((text[at] - b'0') * 10 + text[at + 1] - b'0'));
            at += 2;
        } else {
            values.push(usize::from(text[at] - b' '));
            at += 1;
        }
    }
    let weighted = values
        .iter()
        .enumerate()
        .map(|(at, value)| at.max(1) * value);
    values.push(weighted.sum::<usize>() % 103);
    let widths = |value: &usize| {
        CHARACTERS[6 * value..6 * value + 6]
            .iter()
            .map(|byte| byte - b'0')
    };
    values.iter().flat_map(widths).chain(STOP).collect()
}

/// A number that checks by S10.
pub(super) fn s10(front: &str, serial: u32) -> String {
    let serial = format!("{serial:08}");
    let weights = [8, 6, 4, 2, 3, 5, 9, 7];
    let weighted = weights.iter().zip(serial.bytes());
    let sum: u32 = weighted
        .map(|(weight, byte)| weight * u32::from(byte - b'0'))
        .sum();
    let check = [5, 0, 9, 8, 7, 6, 5, 4, 3, 2, 1][(sum % 11) as usize];
    format!("{front}{serial}{check}CN")
}

/// The same with another check digit.
pub(super) fn wrong(number: &str) -> String {
    let check = (number.as_bytes()[10] - b'0' + 1) % 10;
    format!("{}{check}CN", &number[..10])
}

/// How an envelope is printed and scanned.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub(super) dpi: f64,
    /// Of the envelope as it lies.
    pub(super) size_mm: (f64, f64),
    pub(super) module_mm: f64,
    pub(super) height_mm: f64,
    /// The label on the envelope, clockwise.
    pub(super) degrees: f64,
    pub(super) black: f64,
    pub(super) white: f64,
    pub(super) noise: f64,
    /// The middle of the bars is blotted out, so many modules wide.
    pub(super) blot: f64,
    /// The blot is a stroke that leans, so many modules from the upper to the lower edge of the bars.
    pub(super) leans: f64,
}

impl Look {
    /// A clean one.
    pub(super) fn plain() -> Self {
        Self {
            dpi: 200.0,
            size_mm: (110.0, 60.0),
            module_mm: 0.33,
            height_mm: 12.0,
            degrees: 0.0,
            black: 30.0,
            white: 235.0,
            noise: 0.0,
            blot: 0.0,
            leans: 0.0,
        }
    }

    /// As they come: at 200 or 300 dpi, up to 5° askew, noisy, grey, the other way up, one of four on its side, modules of a quarter to half a millimetre.
    pub(super) fn any(dice: &mut Dice, size_mm: (f64, f64)) -> Self {
        let upside_down = [0.0, 180.0][(dice.next() % 2) as usize];
        let on_its_side = [0.0, 0.0, 0.0, 90.0][(dice.next() % 4) as usize];
        Self {
            dpi: [200.0, 300.0][(dice.next() % 2) as usize],
            size_mm,
            module_mm: dice.within(0.25, 0.5),
            height_mm: dice.within(8.0, 15.0),
            degrees: dice.within(-5.0, 5.0) + upside_down + on_its_side,
            black: dice.within(0.0, 90.0),
            white: dice.within(170.0, 255.0),
            noise: dice.within(0.0, 25.0),
            blot: 0.0,
            leans: 0.0,
        }
    }
}

/// An envelope with lines of an address and a label with bars.
pub(super) fn envelope(text: &str, look: &Look, dice: &mut Dice) -> Grey {
    let widths = code_128(text);
    let mut edges = vec![0.0];
    for width in &widths {
        edges.push(edges.last().unwrap() + f64::from(*width));
    }
    let modules = *edges.last().unwrap();
    let is_dark = |module: f64, down: f64| {
        let in_bar = edges.partition_point(|edge| *edge <= module) % 2 == 1;
        let middle = modules / 2.0 + down * look.leans;
        let is_blotted = (module - middle).abs() < look.blot / 2.0;
        module >= 0.0 && module < modules && (in_bar || is_blotted)
    };
    let dots = look.dpi / 25.4;
    let (bars, quiet) = (modules * look.module_mm * dots, 4.0 * dots);
    let height = look.height_mm * dots;
    let (sin, cos) = look.degrees.to_radians().sin_cos();
    let label = (bars + 2.0 * quiet, height + 2.0 * quiet);
    let reach = (
        label.0 * cos.abs() + label.1 * sin.abs() + 8.0,
        label.0 * sin.abs() + label.1 * cos.abs() + 8.0,
    );
    let (width, rows) = (
        (look.size_mm.0 * dots).max(reach.0),
        (look.size_mm.1 * dots).max(reach.1),
    );
    let middle = (
        dice.within(reach.0 / 2.0, width - reach.0 / 2.0),
        dice.within(reach.1 / 2.0, rows - reach.1 / 2.0),
    );
    let on_label = |x: f64, y: f64| (x * cos + y * sin, y * cos - x * sin);
    let mut pixels = Vec::with_capacity((width * rows) as usize);
    for y in 0..rows as u32 {
        for x in 0..width as u32 {
            let (dx, dy) = (f64::from(x) - middle.0, f64::from(y) - middle.1);
            let (along, across) = on_label(dx, dy);
            let is_label = along.abs() < label.0 / 2.0 && across.abs() < label.1 / 2.0;
            let bright = if !is_label {
                ink(x, y, dots)
            } else if along.abs() > bars / 2.0 + 1.0 || across.abs() > height / 2.0 + 1.0 {
                0.97
            } else {
                let of_sixteen = (0..16).filter(|part| {
                    let (right, down) = (f64::from(part % 4), f64::from(part / 4));
                    let (along, across) =
                        on_label(dx + right / 4.0 - 0.375, dy + down / 4.0 - 0.375);
                    let module = along / dots / look.module_mm + modules / 2.0;
                    across.abs() < height / 2.0 && is_dark(module, across / height)
                });
                0.97 - 0.9 * of_sixteen.count() as f64 / 16.0
            };
            let noise = match look.noise > 0.0 {
                true => dice.within(-look.noise, look.noise),
                false => 0.0,
            };
            let level = look.black + (look.white - look.black) * bright + noise;
            pixels.push(level.clamp(0.0, 255.0) as u8);
        }
    }
    Grey {
        width: width as u32,
        height: rows as u32,
        pixels,
    }
}

/// Something like writing: lines 5 mm high, every 9, in strokes of half a millimetre.
fn ink(x: u32, y: u32, dots: f64) -> f64 {
    let cell = |at: u32| (f64::from(at) / dots * 2.0) as u64;
    let is_line = f64::from(y) / dots % 9.0 < 5.0;
    let is_stroke = Dice(cell(x) << 32 | cell(y)).next().is_multiple_of(3);
    if is_line && is_stroke { 0.2 } else { 0.93 }
}
