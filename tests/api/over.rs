//! Letters that are over: withdrawn, returned unread, emptied by moving their pages. Nothing shows them as if they were still being read.

use laixin::store::Role;
use serde_json::{Value, json};

use super::house::House;

#[test]
fn a_withdrawn_returned_or_emptied_letter_does_not_look_alive() {
    let house = House::new();
    let li = house.person("li", Role::Operator);
    for id in ["LIVE", "DRAWN", "BACK", "EMPTY"] {
        house.drafted(id);
    }
    let post = |path: &str, body: Value| {
        let answer = house.post(&li, path, body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    };
    let why = json!({"reason": "同一封信扫描了两次"});
    post("/v1/letters/DRAWN/withdraw", why.clone());
    post("/v1/letters/BACK/return-unread", why);
    let to = json!({"pages": [1], "to": "LIVE", "reason": "是同一封信"});
    post("/v1/letters/EMPTY/pages/move", to);
    let letter = |id: &str| house.get(&li, &format!("/v1/letters/{id}")).json();
    for (id, how, emptied) in [
        ("DRAWN", "withdrawn", false),
        ("BACK", "returned_unread", false),
        ("EMPTY", "withdrawn", true),
    ] {
        let told = letter(id);
        assert_eq!(told["withheld"]["how"], how, "{told}");
        assert!(told["withheld"]["when"].is_string());
        assert_eq!(told["emptied"], emptied, "{told}");
        assert_eq!(
            (&told["sender"], &told["draft"]),
            (&json!(null), &json!(null))
        );
    }
    let live = letter("LIVE");
    assert_eq!(
        (&live["withheld"], &live["emptied"]),
        (&json!(null), &json!(false))
    );
    // Neither a stage lists them, nor a count.
    let ids = |query: &str| -> Vec<String> {
        let listed = house.get(&li, &format!("/v1/letters?{query}")).json();
        let items = listed["items"].as_array().unwrap().iter();
        let mut ids: Vec<_> = items
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    assert_eq!(ids("stage=reading"), ["LIVE"]);
    assert_eq!(ids("stage=drafted"), [""; 0]);
    assert_eq!(ids("withheld=true"), ["BACK", "DRAWN", "EMPTY"]);
    assert_eq!(ids("withheld=false"), ["LIVE"]);
    assert_eq!(ids("").len(), 4);
    let counts = house.app.store.wait(|db| db.overview("li")).unwrap();
    assert_eq!((counts.letters, counts.withheld), ([0, 1, 0, 0, 0], 3));
    // The pages say it, in words.
    let page = house.get(&li, "/letters").text;
    for word in ["已撤回", "误拆", "各页已移走"] {
        assert!(page.contains(word), "{word}");
    }
    assert!(
        !page.contains("待核对</span>") && !page.contains("识别后显示"),
        "{page}"
    );
    let drawn = house.get(&li, "/letters/DRAWN").text;
    assert!(
        drawn.contains("已撤回") && !drawn.contains("自动显示"),
        "{drawn}"
    );
    let empty = house.get(&li, "/letters/EMPTY").text;
    assert!(empty.contains("已移入 LIVE"), "{empty}");
}
