//! What the corpora of `fuzz/` began with, out of the project's samples, settings and description; the rest was found from there.

use std::fs;
use std::path::Path;

use laixin::domain::grouping::Separator;
use rxing::common::BitMatrix;
use rxing::{BarcodeFormat, MultiFormatWriter, Writer as _};
use serde_json::{Value, json};

use crate::support::project;

fn seed(door: &str, name: &str, bytes: impl AsRef<[u8]>) {
    let folder = project("fuzz/corpus").join(door);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}

/// What the corpora began with; the rest was found from there.
#[test]
fn seeds_are_written_out_of_what_the_project_has() {
    if std::env::var_os("LAIXIN_SEEDS").is_none() {
        return;
    }
    images();
    settings();
    requests();
    texts();
}

fn files_of(folder: &str) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(project(folder))
        .unwrap()
        .map(|file| file.unwrap().path());
    let named = files.filter(|file| file.is_file()).map(|file| {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read(file).unwrap())
    });
    named.collect()
}

fn separator() -> Separator {
    Separator {
        run: "7KQ2M4".into(),
        number: 12,
    }
}

fn images() {
    // What unpacks to gigabytes is for the worker's own limit.
    let small = |(name, bytes): &(String, Vec<u8>)| bytes.len() < 6_000 && name != "bomb.pdf";
    for (name, bytes) in files_of("drivers/ocr/tests/samples")
        .into_iter()
        .filter(small)
    {
        match Path::new(&name)
            .extension()
            .and_then(|ending| ending.to_str())
        {
            Some("pdf") => {
                seed("pdf", &name, &bytes);
                seed("whole", &name, &bytes);
                streams(&name, &bytes);
            }
            Some("tif" | "jpg" | "png") => {
                seed("image", &name, &bytes);
                seed("whole", &name, &bytes);
                if name.ends_with("jpg") {
                    seed("inside_pdf", &name, [&[24, 95, 63][..], &bytes].concat());
                }
            }
            _ => {}
        }
    }
    let drawn = |text: &str, format| -> BitMatrix {
        MultiFormatWriter
            .encode(text, &format, 0, 0)
            .expect("it is drawn")
    };
    let bars = drawn("XA12345678901", BarcodeFormat::CODE_128);
    let bars: Vec<bool> = (0..bars.getWidth()).map(|x| bars.get(x, 0)).collect();
    let runs = bars.chunk_by(|one, next| one == next);
    // Blank at both ends.
    let runs = runs
        .skip_while(|run| !run[0])
        .map(|run| (run.len() - 1) as u8);
    seed("codes", "bars", [vec![1], runs.collect()].concat());
    for (name, text) in [
        ("separator", separator().payload()),
        ("text", "1".to_owned()),
    ] {
        let square = drawn(&text, BarcodeFormat::QR_CODE);
        let dark: Vec<(u32, u32)> = (0..square.getHeight())
            .flat_map(|y| (0..square.getWidth()).map(move |x| (x, y)))
            .filter(|(x, y)| square.get(*x, *y))
            .collect();
        let (first, last) = (dark[0].0, dark.iter().map(|at| at.0).max().unwrap());
        let modules = last - first + 1;
        let mut bits = vec![0; ((modules * modules) as usize).div_ceil(8)];
        for (x, y) in dark {
            let at = ((y - first) * modules + x - first) as usize;
            bits[at / 8] |= 1 << (at % 8);
        }
        let size = 2 * ((modules - 21) / 4) as u8;
        seed("codes", name, [vec![size], bits].concat());
    }
}

/// What stands in the streams of a PDF, with the number of its filter in front.
fn streams(name: &str, file: &[u8]) {
    let find = |from: usize, what: &[u8]| {
        let found = file[from..]
            .windows(what.len())
            .position(|part| part == what);
        found.map(|at| from + at)
    };
    let filters: [&[u8]; 5] = [
        b"/DCTDecode",
        b"/JPXDecode",
        b"/JBIG2Decode",
        b"/CCITTFaxDecode",
        b"/FlateDecode",
    ];
    let mut from = 0;
    while let Some(at) = find(from, b"stream\n") {
        let Some(end) = find(at, b"endstream") else {
            return;
        };
        let dictionary = &file[at.saturating_sub(400).max(from)..at];
        let has = |filter: &&[u8]| dictionary.windows(filter.len()).any(|part| part == *filter);
        if let Some(kind) = filters.iter().position(has) {
            let data = &file[at + 7..end];
            seed(
                "inside_pdf",
                &format!("{name}-{at}"),
                [&[kind as u8, 95, 63][..], data].concat(),
            );
        }
        from = end + 9;
    }
}

fn settings() {
    let headed = |what: &str, text: &[u8]| [what.as_bytes(), b"\n", text].concat();
    for (what, file) in [
        ("# station", "config/station.toml"),
        ("# roster", "config/roster.toml"),
        ("# mapping", "config/case-system/example.toml"),
        ("# deadlines", "config/deadlines/2022.toml"),
        ("# deadlines", "config/deadlines/sz-2022.toml"),
        ("# deadlines", "config/holidays.toml"),
        ("# cabinet", "config/cabinets/demo.toml"),
        ("# cabinet", "config/cabinets/delta-dvp.toml"),
        ("# cabinet", "config/cabinets/watts-lync-rtu.toml"),
    ] {
        let text = fs::read_to_string(project(file)).unwrap();
        // The shipped settings are notes for the most part; a key that is one is what it says.
        let spoken: String = text
            .lines()
            .filter_map(|line| {
                let line = line
                    .strip_prefix("# ")
                    .filter(|key| key.contains(" = "))
                    .unwrap_or(line);
                (!line.starts_with('#') && !line.is_empty()).then(|| format!("{line}\n"))
            })
            .collect();
        let name = file.replace('/', "-");
        seed("settings", &name, headed(what, text.as_bytes()));
        seed(
            "settings",
            &format!("{name}-spoken"),
            headed(what, spoken.as_bytes()),
        );
    }
    for (name, text) in files_of("tests/bad-config") {
        seed("settings", &name, headed("# station", &text));
    }
}

/// The example of every operation, by who may ask.
fn requests() {
    let description = fs::read_to_string(project("tests/snapshots/openapi.json")).unwrap();
    let description: Value = serde_json::from_str(&description).unwrap();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let (mut address, mut asked, mut heads) = (path.clone(), Vec::new(), String::new());
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let (name, value) = (parameter["name"].as_str().unwrap(), example(parameter));
                match parameter["in"].as_str().unwrap() {
                    "path" => address = address.replace(&format!("{{{name}}}"), &value),
                    "query" if name != "cursor" => asked.push(format!("{name}={value}")),
                    // Used once it belongs to another request.
                    "header" if name != "Idempotency-Key" => {
                        heads.push_str(&format!("{name}: {value}\n"))
                    }
                    _ => {}
                }
            }
            if !asked.is_empty() {
                address = format!("{address}?{}", asked.join("&"));
            }
            let body = &operation["requestBody"]["content"]["application/json"];
            let body = body.get("example").cloned().unwrap_or(json!({}));
            let people: &[&str] = match method.as_str() {
                "get" => &["officer"],
                _ => &["officer", "administrator", "case_system"],
            };
            for person in people {
                let name = format!("{method}{}-{person}", path.replace(['/', '{', '}'], "-"));
                let text = format!(
                    "{} {address} HTTP/1.1\nas: {person}\n{heads}\n{body}",
                    method.to_uppercase()
                );
                seed("api", &name, text);
            }
        }
    }
}

fn example(parameter: &Value) -> String {
    match (&parameter["example"], parameter["schema"]["type"].as_str()) {
        (Value::String(text), _) => text.clone(),
        (Value::Null, Some("boolean")) => "true".to_owned(),
        (Value::Null, _) => "1".to_owned(),
        (other, _) => other.to_string(),
    }
}

fn texts() {
    for (name, text) in [
        (
            "receipt",
            "receipt.json\n{\"package\": \"msg_1\", \"letter\": \"A001\", \"result\": \"accepted\", \"case_number\": \"SZ-1\"}",
        ),
        (
            "receipt-xml",
            "receipt.xml\n<?xml version=\"1.0\"?>\n<receipt><package>msg_1</package><result>rejected</result><reason>重复 &lt;2&gt;</reason></receipt>",
        ),
        (
            "history",
            "history.csv\n信访件编号,姓名,住址,联系电话,身份证号,登记日期,信访内容,来信目的\nSZ-1,王俊杰,姑苏区梅亭苑38幢1405室,\"0512-65227061、13812345678\",320504194202197354,2021/3/5 10:22,\"屋面\n漏水\",检举控告\n",
        ),
        (
            "history-json",
            "history.jsonl\n{\"case\":\"SZ-1\",\"name\":\"王俊杰\",\"date\":\"2021年3月5日\",\"phone\":[\"0512-65227061\"],\"text\":\"屋面漏水\"}\n",
        ),
        ("secret", "secret\nwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        (
            "key",
            "key\nABCDE-FGHJK-MNPQR-STVWX-YZ012-34567-89ABC-DEFGH-JKMNP-QRSTV-WXYZ0-12345",
        ),
        ("code", "code\nRR473124829GB"),
        ("express", "code\n1023456789012"),
    ] {
        seed("exchange", name, text);
    }
    let roster: laixin::domain::roster::Roster =
        laixin::config::load_toml(&project("config/roster.toml")).unwrap();
    let table = laixin::office::table::written(&roster);
    seed("exchange", "roster", format!("roster.csv\n{table}"));
    seed(
        "exchange",
        "separator",
        format!("code\n{}", separator().payload()),
    );
    for (name, text) in [
        ("names", "0003.jpg\r\n0001.jpg\r\n0002.tif\r\n"),
        (
            "columns",
            "File,信件编号,Pages\n\"C:\\Scans\\0001.jpg\",A001,1\nC:\\Scans\\0002.jpg,A002,1\n",
        ),
        (
            "xml",
            "<?xml version=\"1.0\"?><batch><document id=\"A001\"><page file=\"0001.jpg\"/><page><file>scans/0002.jpg</file></page></document><document id=\"A002\"><page file=\"0003.jpg\"/></document></batch>",
        ),
        (
            "flat",
            "<images><i>1.jpg</i><i>&#50;.jpg</i><![CDATA[3.jpg]]></images>",
        ),
    ] {
        seed("index", name, text);
        let utf16: Vec<u8> = std::iter::once(0xfeff)
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        seed("index", &format!("{name}-utf16"), utf16);
    }
    for (name, bytes) in [
        ("read", &[3, 10, 1, 9, 7, 3, 4, 0x12, 0x34, 0x56, 0x78][..]),
        ("bits", &[0, 19, 18, 9, 7, 1, 3, 0xCD, 0x6B, 0x05]),
        ("write", &[4, 172, 1, 9, 7, 5, 0, 0xAC, 0xFF, 0]),
        ("refused", &[3, 10, 1, 9, 7, 0x84, 2]),
    ] {
        seed("modbus", name, bytes);
    }
    for (name, text) in [
        (
            "capabilities",
            "<?xml version=\"1.0\"?><scan:ScannerCapabilities xmlns:scan=\"s\" xmlns:pwg=\"p\"><pwg:Version>2.63</pwg:Version><pwg:MakeAndModel>M &amp; N</pwg:MakeAndModel><pwg:SerialNumber>7</pwg:SerialNumber><scan:Adf><scan:AdfSimplexInputCaps><scan:MaxWidth>2550</scan:MaxWidth><scan:MaxHeight>4200</scan:MaxHeight><scan:SettingProfiles><scan:SettingProfile><scan:ColorModes><scan:ColorMode>RGB24</scan:ColorMode></scan:ColorModes><pwg:DocumentFormat>image/jpeg</pwg:DocumentFormat><scan:DiscreteResolution><scan:XResolution>300</scan:XResolution></scan:DiscreteResolution><scan:XResolutionRange><scan:Min>75</scan:Min><scan:Max>600</scan:Max></scan:XResolutionRange></scan:SettingProfile></scan:SettingProfiles></scan:AdfSimplexInputCaps></scan:Adf></scan:ScannerCapabilities>",
        ),
        (
            "status",
            "<scan:ScannerStatus xmlns:scan=\"s\" xmlns:pwg=\"p\"><pwg:State>Idle</pwg:State><scan:AdfState>ScannerAdfLoaded</scan:AdfState><scan:Jobs><scan:JobInfo><pwg:JobUri>/eSCL/ScanJobs/1</pwg:JobUri><pwg:ImagesCompleted>3</pwg:ImagesCompleted><pwg:JobState>Completed</pwg:JobState><pwg:JobStateReasons><pwg:JobStateReason>JobCompletedSuccessfully</pwg:JobStateReason></pwg:JobStateReasons></scan:JobInfo></scan:Jobs></scan:ScannerStatus>",
        ),
        (
            "options",
            "  Scan Mode:\n    --mode Gray|Color [Gray]\n    --resolution 1..1200dpi (in steps of 1) [50]\n    --source Flatbed|Automatic Document Feeder [Flatbed]\n    -x 0..200mm (in steps of 1) [80]\n    -y 0..200mm [100]\n    --resolution 100|200|300dpi [100]\n",
        ),
    ] {
        seed("escl", name, text);
    }
}
