//! Letters without a scanner and without OCR: each arrives, is taken, read, registered and drafted through the station's own steps, with lines
//! that a laid-out page would give; in another process than the station, so that letters come in whatever was killed. The queue, the leases and
//! everything the case system sees are the running station's.

use laixin::clock;
use laixin::config::Offer;
use laixin::domain::draft::Draft;
use laixin::domain::text::{Line, PageKind};
use laixin::evidence::{Evidence, Original};
use laixin::read::Office;
use laixin::store::{Db, NewArrival, Reading, StoreError, TakePage, Taken};

/// The same numbers for the same seed (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut n = self.0;
        n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        n ^ (n >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn of(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len() as u64) as usize]
    }
}

const SURNAMES: [&str; 12] = [
    "陆", "沈", "顾", "钱", "徐", "周", "吴", "郑", "冯", "蒋", "韩", "杨",
];
const GIVEN: [&str; 16] = [
    "思雨", "建国", "文英", "小明", "丽华", "志强", "秀兰", "海燕", "永平", "春生", "月娥", "家骏",
    "雪梅", "国庆", "红霞", "立新",
];
const ROADS: [&str; 10] = [
    "人民路",
    "劳动路",
    "干将路",
    "平江路",
    "东环路",
    "西园路",
    "广济路",
    "南门路",
    "娄江路",
    "盘胥路",
];
const MATTERS: [&str; 10] = [
    "楼上漏水多年无人处理",
    "路灯坏了三个月",
    "工地夜间施工吵得睡不着",
    "小区停车位被占",
    "河道垃圾发臭",
    "拖欠工资半年",
    "电梯经常停运",
    "占道经营堵住消防通道",
    "拆迁补偿至今没有到账",
    "公交站撤走以后老人出行不便",
];

/// Who writes what.
struct Said {
    name: String,
    home: String,
    phone: String,
    matter: &'static str,
    times: u64,
    day: (u64, u64),
}

impl Said {
    fn new(dice: &mut Dice) -> Self {
        let (road, house) = (dice.of(&ROADS), dice.below(900) + 1);
        Self {
            name: format!("{}{}", dice.of(&SURNAMES), dice.of(&GIVEN)),
            home: format!("苏州市姑苏区{road}{house}号"),
            phone: format!("139{:08}", dice.below(100_000_000)),
            matter: dice.of(&MATTERS),
            times: dice.below(9) + 2,
            day: (dice.below(2) + 1, dice.below(28) + 1),
        }
    }

    /// What stands on the page.
    fn lines(&self) -> Vec<Line> {
        let (month, day) = self.day;
        let texts = [
            "尊敬的林市长：".to_owned(),
            format!("　　我家住{}，反映{}，", self.home, self.matter),
            format!("已经打过{}次电话，一直没有结果，请予解决。", self.times),
            "　　此致".to_owned(),
            "敬礼！".to_owned(),
            format!("联系电话：{}", self.phone),
            format!("　　　　　　　　　　　　　来信人：{}", self.name),
            format!("　　　　　　　　　　　　　2026年{month}月{day}日"),
        ];
        (0_u16..)
            .zip(texts)
            .map(|(at, text)| line(at, text))
            .collect()
    }

    /// The draft of another such letter as this one's.
    fn replay(&self, of: &Draft, name: &str, original: &Original) -> Draft {
        let mut draft = of.clone();
        draft.letter = name.into();
        draft.pages[0].sha256 = original.sha256.clone();
        draft.pages[0].sm3 = original.sm3.clone();
        draft.fields.sender_name.value = Some(self.name.clone());
        draft.fields.address.value = Some(self.home.clone());
        if let Some(phone) = draft.fields.phones.first_mut() {
            phone.field.value = Some(self.phone.clone());
        }
        draft
    }
}

fn line(at: u16, text: String) -> Line {
    let indent = text.chars().take_while(|c| *c == '　').count() as f32;
    let text: String = text.chars().filter(|c| *c != '　').collect();
    let (left, top) = (200.0 + indent * 60.0, 300.0 + f32::from(at) * 120.0);
    let right = left + text.chars().count() as f32 * 60.0;
    Line {
        raw: text.clone(),
        text,
        quad: [
            [left, top],
            [right, top],
            [right, top + 60.0],
            [left, top + 60.0],
        ],
        confidence: 0.98,
        chars: Vec::new(),
        vertical: false,
    }
}

/// One letter in so many is registered from its lines; the others replay the last one's registration with names of their own: registration takes
/// a hundred times longer than the hand-over that is tried here.
const REGISTERED_EACH: u64 = 20;

/// A letter arrives, is read and drafted, beside the station; its page's SHA-256.
pub(crate) fn arrive(
    db: &mut Db,
    (evidence, office, replayed): (&Evidence, &Office, &mut Option<Draft>),
    dice: &mut Dice,
    name: &str,
) -> String {
    let page = format!("{name} {}", dice.next());
    // A station that starts tidies up what a killed one left half written, this one's copy too.
    let mut kept = evidence.put(page.as_bytes());
    for _ in 0..10 {
        if kept.is_ok() {
            break;
        }
        kept = evidence.put(page.as_bytes());
    }
    let original = kept.expect("the original is kept");
    let sha256 = original.sha256.clone();
    let said = Said::new(dice);
    let lines = said.lines();
    patiently(|| {
        db.atomically(|db| {
            let seen = db.note_arrival(&NewArrival {
                source: "scanner-1".into(),
                name: format!("{name}_p1.jpg"),
                file_key: name.into(),
                first_seen: clock::now(),
                seen: None,
            })?;
            let taken = db.take_page(&TakePage {
                arrival: seen.id,
                group: name.into(),
                kind: PageKind::Letter,
                number: Some(1),
                frames: vec![0],
                original: original.clone(),
            })?;
            assert!(matches!(taken, Taken::Letter { .. }), "{taken:?}");
            let unread = db.begin_reading()?.expect("the page that was just taken");
            assert_eq!(unread.letter, name);
            db.finish_reading(unread.id, &reading(lines.clone()))
        })
    });
    let draft = match replayed {
        Some(draft) if dice.below(REGISTERED_EACH) > 0 => said.replay(draft, name, &original),
        _ => patiently(|| {
            let (batch, load) = db.letter_origin(name)?;
            Ok(office.draft(name, &db.read_pages(name)?, &batch, &load, None))
        }),
    };
    *replayed = Some(draft.clone());
    patiently(|| db.insert_or_replace_draft(&draft, Offer::Read));
    sha256
}

fn reading(lines: Vec<Line>) -> Reading {
    Reading {
        engine: "campaign".into(),
        width: 2480,
        height: 3508,
        turned_deg: 0,
        lines,
        seconds: 0.0,
        blank: false,
    }
}

/// Again for as long as the station holds the database.
fn patiently<T>(mut work: impl FnMut() -> Result<T, StoreError>) -> T {
    loop {
        match work() {
            Ok(done) => return done,
            Err(StoreError::Sqlite(error)) if is_busy(&error) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}
