//! What a letter is about, as a person says: titles, places and categories corrected, a matter added or taken out. What was read stays beside it.

use serde::{Deserialize, Serialize};

use super::Refused;
use crate::domain::draft::{Fields, Matter};
use crate::domain::extract::is_category;

const LONGEST: usize = 100;
const MOST: usize = 50;
/// Numbers of matters are small: a letter has a few, and few are added.
const HIGHEST: u32 = 1000;

/// A matter, as it is from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMatter {
    /// The number of the matter that is corrected: its own where it has one, else its place among those that were read, from 1. Left out for one that
    /// is added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    pub n: Option<u32>,
    /// Short title, up to 100 characters.
    #[schema(example = "小区屋面漏水")]
    pub title: String,
    /// The main matter; where none is, the first.
    #[serde(default)]
    pub main: bool,
    /// 问题属地, up to 100 characters.
    #[serde(default)]
    pub place: Option<String>,
    /// One of the listed categories, `大类/中类/小类`.
    #[serde(default)]
    #[schema(example = "城乡建设/房屋维修/漏水与质量")]
    pub category: Option<String>,
}

/// The whole list as it is from now on; what stood there and stands there now, in words. Where it is again what was read, nothing is corrected any more.
pub(super) fn apply(new: &[NewMatter], fields: &mut Fields) -> Result<(String, String), Refused> {
    allowed(new)?;
    let is_corrected =
        !fields.matters_read.is_empty() || fields.matters.iter().any(|matter| matter.n.is_some());
    let read = match is_corrected {
        true => numbered(&fields.matters_read),
        false => numbered(&fields.matters),
    };
    let known = match is_corrected {
        true => fields.matters.clone(),
        false => read.clone(),
    };
    let all = read.iter().chain(&known);
    let given = new.iter().filter_map(|matter| matter.n);
    let mut last = all.filter_map(|matter| matter.n).chain(given).max();
    let main = new.iter().position(|matter| matter.main).unwrap_or(0);
    let list: Vec<Matter> = new
        .iter()
        .enumerate()
        .map(|(at, matter)| {
            let n = matter.n.unwrap_or_else(|| last.unwrap_or(0) + 1);
            last = last.max(Some(n));
            let with = |one: &&Matter| one.n == Some(n);
            let stood = known.iter().find(with);
            let was_read = read.iter().find(with);
            let stays = |part: fn(&Matter) -> Option<&str>, text: &str| {
                let before = stood.into_iter().chain(was_read);
                before.into_iter().any(|one| part(one) == Some(text))
            };
            corrected(matter, stays)?;
            let seen = was_read.or(stood);
            Ok(Matter {
                title: matter.title.clone(),
                main: at == main,
                pages: seen.map(|one| one.pages.clone()).unwrap_or_default(),
                place: matter.place.clone(),
                category: matter.category.clone(),
                ranges: seen.map(|one| one.ranges.clone()).unwrap_or_default(),
                n: Some(n),
            })
        })
        .collect::<Result<_, Refused>>()?;
    let words = (in_words(&fields.matters), in_words(&list));
    (fields.matters, fields.matters_read) = match list == read {
        true => (unnumbered(list), Vec::new()),
        false => (list, unnumbered(read)),
    };
    Ok(words)
}

/// What can be said of the list without the draft.
fn allowed(new: &[NewMatter]) -> Result<(), Refused> {
    unless(new.len() <= MOST, "up to 50 matters are allowed")?;
    let mut numbers: Vec<u32> = new.iter().filter_map(|matter| matter.n).collect();
    numbers.sort_unstable();
    let each_once = numbers.windows(2).all(|two| two[0] != two[1]);
    let are_small = numbers.iter().all(|n| (1..=HIGHEST).contains(n));
    unless(
        each_once && are_small,
        "each matter's number is allowed once, from 1 to 1000",
    )?;
    unless(
        new.iter().filter(|matter| matter.main).count() <= 1,
        "one main matter is allowed",
    )
}

/// What somebody wrote into a matter; what stood there already was never refused.
fn corrected(
    new: &NewMatter,
    stays: impl Fn(fn(&Matter) -> Option<&str>, &str) -> bool,
) -> Result<(), Refused> {
    unless(
        is_line(&new.title) || stays(|one| Some(&one.title), &new.title),
        "a title of one line, up to 100 characters, is needed",
    )?;
    if let Some(place) = &new.place {
        unless(
            is_line(place) || stays(|one| one.place.as_deref(), place),
            "a place of one line, up to 100 characters, or null is allowed",
        )?;
    }
    if let Some(category) = &new.category {
        unless(
            is_category(category) || stays(|one| one.category.as_deref(), category),
            "one of the listed categories, in three levels, or null is allowed",
        )?;
    }
    Ok(())
}

fn is_line(text: &str) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= LONGEST
        && !text.chars().any(char::is_control)
}

fn unless(sound: bool, rule: &'static str) -> Result<(), Refused> {
    let field = "matters";
    sound.then_some(()).ok_or(Refused { field, rule })
}

fn numbered(read: &[Matter]) -> Vec<Matter> {
    let with = |(n, matter): (u32, &Matter)| Matter {
        n: Some(n),
        ..matter.clone()
    };
    (1..).zip(read).map(with).collect()
}

fn unnumbered(matters: Vec<Matter>) -> Vec<Matter> {
    let without = |matter| Matter { n: None, ..matter };
    matters.into_iter().map(without).collect()
}

/// 屋面漏水 · 昆山市 · 城乡建设/房屋维修/漏水与质量；噪声. The main one has a star.
fn in_words(matters: &[Matter]) -> String {
    let words = matters.iter().map(|matter| {
        let star = if matter.main { "*" } else { "" };
        let title = format!("{star}{}", matter.title);
        let about = matter.place.iter().chain(&matter.category).cloned();
        let parts: Vec<String> = std::iter::once(title).chain(about).collect();
        parts.join(" · ")
    });
    words.collect::<Vec<_>>().join("；")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::draft::Passage;

    const LEAK: &str = "城乡建设/房屋维修/漏水与质量";

    fn read(title: &str, page: u32) -> Matter {
        Matter {
            title: title.to_owned(),
            main: page == 1,
            pages: vec![page],
            place: Some("昆山市".to_owned()),
            category: Some(LEAK.to_owned()),
            ranges: vec![Passage {
                page,
                quad: [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0]],
            }],
            n: None,
        }
    }

    fn letter() -> Fields {
        Fields {
            matters: vec![read("屋面漏水", 1), read("夜间施工", 2)],
            ..Fields::default()
        }
    }

    /// The list as the console sends it back: every matter under its number.
    fn as_shown(fields: &Fields) -> Vec<NewMatter> {
        let shown = |(at, matter): (u32, &Matter)| NewMatter {
            n: Some(matter.n.unwrap_or(at)),
            title: matter.title.clone(),
            main: matter.main,
            place: matter.place.clone(),
            category: matter.category.clone(),
        };
        (1..).zip(&fields.matters).map(shown).collect()
    }

    #[test]
    fn a_corrected_matter_keeps_its_place_on_the_page_and_what_was_read() {
        let mut fields = letter();
        let mut list = as_shown(&fields);
        list[0].title = "增设充电桩".to_owned();
        list[0].category = Some("环境保护/水污染/排污".to_owned());
        let (before, after) = apply(&list, &mut fields).expect("allowed");
        assert_eq!(
            before,
            format!("*屋面漏水 · 昆山市 · {LEAK}；夜间施工 · 昆山市 · {LEAK}")
        );
        assert!(after.starts_with("*增设充电桩 · 昆山市 · 环境保护/水污染/排污；"));
        assert_eq!(fields.matters[0].ranges, letter().matters[0].ranges);
        assert_eq!(fields.matters[0].pages, [1]);
        assert_eq!(fields.matters_read, letter().matters);
    }

    #[test]
    fn a_matter_taken_out_comes_back_with_its_places_and_its_number_is_no_others() {
        let mut fields = letter();
        let before = as_shown(&fields);
        apply(&before[1..], &mut fields).expect("one taken out");
        assert_eq!(fields.matters.len(), 1);
        assert!(fields.matters[0].main, "the first is the main one then");
        let mut more = as_shown(&fields);
        more.push(NewMatter {
            n: None,
            title: "噪声".to_owned(),
            main: false,
            place: None,
            category: None,
        });
        apply(&more, &mut fields).expect("one added");
        assert_eq!(fields.matters[1].n, Some(3));
        apply(&before, &mut fields).expect("taken back");
        assert_eq!(fields, letter(), "nothing is corrected any more");
    }

    #[test]
    fn a_category_out_of_no_list_is_refused_unless_it_stands_there() {
        let mut fields = letter();
        fields.matters[1].category = Some("旧类/旧类/旧类".to_owned());
        let kept = fields.clone();
        let mut list = as_shown(&fields);
        list[0].category = Some("房屋维修".to_owned());
        let refused = apply(&list, &mut fields).expect_err("not listed");
        assert_eq!((refused.field, &fields), ("matters", &kept));
        list[0].category = None;
        apply(&list, &mut fields).expect("the other one stands there");
        for wrong in ["", " ", "两\n行", &"长".repeat(101)] {
            let mut list = as_shown(&fields);
            list[0].title = wrong.to_owned();
            assert!(apply(&list, &mut fields).is_err(), "{wrong}");
            let mut list = as_shown(&fields);
            list[0].place = Some(wrong.to_owned());
            assert!(apply(&list, &mut fields).is_err(), "{wrong}");
        }
        let twice = vec![as_shown(&fields)[0].clone(); 2];
        assert!(apply(&twice, &mut fields).is_err(), "one number twice");
    }

    fn change() -> impl Strategy<Value = (u8, usize, String)> {
        (0_u8..5, 0_usize..4, "[甲乙丙丁]{1,3}")
    }

    proptest! {
        /// Whatever is done to the list can be taken back step by step, down to what was read.
        #[test]
        fn every_change_of_the_matters_can_be_taken_back(changes in proptest::collection::vec(change(), 1..8), read_n in 0_usize..3) {
            let mut fields = letter();
            fields.matters.truncate(read_n);
            let mut stood = Vec::new();
            for (act, at, text) in changes {
                let mut list = as_shown(&fields);
                stood.push((fields.clone(), list.clone()));
                match (act, list.get_mut(at)) {
                    (0, Some(one)) => one.title = text,
                    (1, Some(one)) => one.place = Some(text),
                    (2, Some(one)) => one.category = None,
                    (3, Some(_)) => { list.remove(at); }
                    _ => list.push(NewMatter { n: None, title: text, main: false, place: None, category: None }),
                }
                apply(&list, &mut fields).expect("allowed");
                prop_assert_eq!(fields.matters.iter().filter(|one| one.main).count(), usize::from(!fields.matters.is_empty()));
            }
            for (fields_then, list) in stood.into_iter().rev() {
                apply(&list, &mut fields).expect("it stood there");
                let shown = as_shown(&fields);
                prop_assert_eq!(&shown, &list);
                let ranges = |of: &Fields| of.matters.iter().map(|one| one.ranges.clone()).collect::<Vec<_>>();
                prop_assert_eq!(ranges(&fields), ranges(&fields_then));
            }
            prop_assert_eq!(&fields.matters_read, &Vec::new());
        }
    }
}
