//! What takes long is worked out beside the store: a sign-in waited half a minute while offices were looked for in a letter of many pages.

use laixin::domain::text::{PageKind, PageText};
use laixin::store::SpokenOf;

use super::archive::row;
use super::house::{House, draft};

#[test]
fn offices_that_were_looked_for_before_are_not_looked_for_in_the_store() {
    let house = House::with_roster("");
    for letter in ["A1", "B1"] {
        house.letter(letter);
    }
    // Nothing is read of it in the store.
    let lines = [
        "苏州市信访局：",
        "你们信访局的人收了钱，不给我办事。",
        "此致",
        "敬礼",
    ];
    let lines = lines.iter().zip(0..);
    let page = PageText {
        n: 1,
        kind: PageKind::Letter,
        width: 1240,
        height: 1754,
        lines: lines
            .map(|(text, at)| row(text, 100.0, 100.0 + 80.0 * at as f32, 40.0))
            .collect(),
    };
    let (said, read) = (draft("A1").fields, page);
    let noted = house.app.store.wait(move |db| {
        let roster = db.roster_in_force();
        let of =
            |letter: &str| SpokenOf::of(letter, (std::slice::from_ref(&read), &said), &roster, &[]);
        let (spoken, other) = (of("A1"), of("A1"));
        db.knowing(spoken, |db| db.guard_while_read("A1", &said))?;
        // Of another letter, or where its fields are others now, nothing is known.
        db.knowing(other, |db| db.guard_while_read("B1", &said))
    });
    noted.unwrap();
    let offices = house.count(
        "SELECT count(*) FROM named_offices WHERE letter_id = 'A1' AND office = '苏州市信访局'",
    );
    assert_eq!(offices, 1);
    assert_eq!(
        house.count("SELECT count(*) FROM named_offices WHERE letter_id = 'B1'"),
        0
    );
}
