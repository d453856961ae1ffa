//! Pages in columns, and pages that only look like it.

use crate::geometry::Quad;
use crate::layout::{arrange, arranged};
use proptest::prelude::*;

fn rect(left: f32, top: f32, width: f32, height: f32) -> Quad {
    [
        [left, top],
        [left + width, top],
        [left + width, top + height],
        [left, top + height],
    ]
}

/// Indices of the boxes in the order they are read.
fn order(boxes: &[Quad]) -> Vec<usize> {
    let groups = arrange(boxes, boxes.len());
    groups
        .iter()
        .flat_map(|g| g.pieces.iter().map(|p| p.index))
        .collect()
}

/// A column of prose: full rows, every fifth one short, the next one indented.
fn column(left: f32, top: f32, width: f32, rows: usize, pitch: f32) -> Vec<Quad> {
    (0..rows)
        .map(|i| {
            let y = top + pitch * i as f32;
            match i % 5 {
                4 => rect(left, y, 0.4 * width, 60.0),
                0 if i > 0 => rect(left + 120.0, y, width - 120.0, 60.0),
                _ => rect(left, y, width, 60.0),
            }
        })
        .collect()
}

#[test]
fn two_columns_under_a_title_are_read_one_after_the_other() {
    let mut boxes = vec![rect(700.0, 200.0, 1000.0, 100.0)];
    boxes.extend(column(250.0, 400.0, 900.0, 20, 90.0));
    boxes.extend(column(1280.0, 400.0, 900.0, 18, 90.0));
    boxes.push(rect(250.0, 2400.0, 1900.0, 60.0));
    assert_eq!(order(&boxes), (0..boxes.len()).collect::<Vec<_>>());
}

#[test]
fn three_columns_at_different_heights_are_read_from_left_to_right() {
    let mut boxes = column(150.0, 400.0, 620.0, 20, 90.0);
    boxes.extend(column(900.0, 400.0, 620.0, 20, 90.0));
    boxes.extend(column(1650.0, 430.0, 620.0, 20, 90.0));
    assert_eq!(order(&boxes), (0..boxes.len()).collect::<Vec<_>>());
}

/// Manuscript paper with a printed middle: every row goes on beyond it, and only the last row of a paragraph is short.
#[test]
fn grid_paper_with_a_wide_middle_is_read_row_by_row() {
    let mut boxes = Vec::new();
    for i in 0..16_u8 {
        let y = 400.0 + 120.0 * f32::from(i);
        let left = if i % 5 == 0 { 350.0 } else { 200.0 };
        boxes.push(rect(left, y, 1150.0 - left, 80.0));
        // The last row of each paragraph ends before the middle.
        if i % 5 != 4 {
            boxes.push(rect(1270.0, y, 900.0, 80.0));
        }
    }
    assert_eq!(order(&boxes), (0..boxes.len()).collect::<Vec<_>>());
}

#[test]
fn forms_and_tables_of_names_are_read_row_by_row() {
    let mut form = Vec::new();
    for i in 0..10_u8 {
        let y = 400.0 + 120.0 * f32::from(i);
        form.push(rect(200.0, y, 240.0, 70.0));
        form.push(rect(700.0, y, 900.0 - 60.0 * f32::from(i % 4), 70.0));
    }
    assert_eq!(order(&form), (0..form.len()).collect::<Vec<_>>());
}

#[test]
fn a_signature_at_the_right_beside_contact_lines_is_read_by_rows() {
    let mut boxes = Vec::new();
    for i in 0..6_u8 {
        boxes.push(rect(250.0, 400.0 + 120.0 * f32::from(i), 1980.0, 80.0));
    }
    for i in 0..3_u8 {
        let y = 1200.0 + 120.0 * f32::from(i);
        boxes.push(rect(250.0, y, 500.0, 80.0));
        boxes.push(rect(1500.0, y, 500.0, 80.0));
    }
    assert_eq!(order(&boxes), (0..boxes.len()).collect::<Vec<_>>());
}

#[test]
fn notes_in_the_margin_come_after_the_text() {
    let mut boxes = column(250.0, 400.0, 1500.0, 14, 120.0);
    let notes = boxes.len();
    boxes.push(rect(1850.0, 520.0, 350.0, 40.0));
    boxes.push(rect(1850.0, 575.0, 330.0, 40.0));
    boxes.push(rect(1850.0, 1300.0, 350.0, 40.0));
    let read = order(&boxes);
    assert_eq!(read, (0..boxes.len()).collect::<Vec<_>>());
    // One small mark alone stays in its place.
    boxes.truncate(notes + 1);
    assert_ne!(order(&boxes).last(), Some(&notes));
}

#[test]
fn notes_as_large_as_the_text_come_after_it_where_they_stand_outside_of_all_long_lines() {
    for left in [30.0, 1900.0] {
        let mut boxes = column(400.0, 400.0, 1400.0, 8, 120.0);
        boxes.push(rect(1200.0, 1400.0, 500.0, 80.0));
        boxes.push(rect(1300.0, 1500.0, 400.0, 80.0));
        for i in 0..4_u8 {
            boxes.push(rect(left, 610.0 + 90.0 * f32::from(i), 250.0, 76.0));
        }
        assert_eq!(order(&boxes), (0..boxes.len()).collect::<Vec<_>>());
    }
}

#[test]
fn a_number_before_its_line_stays_with_it() {
    let mut boxes = Vec::new();
    for i in 0..8_u8 {
        let y = 400.0 + 120.0 * f32::from(i);
        if i % 3 == 0 {
            boxes.push(rect(250.0, y, 90.0, 80.0));
        }
        boxes.push(rect(430.0, y, 1400.0, 80.0));
    }
    assert_eq!(order(&boxes), (0..boxes.len()).collect::<Vec<_>>());
}

/// The order when the boxes say this.
fn order_of(boxes: &[Quad], said: &[&str]) -> Vec<usize> {
    let said: Vec<String> = said.iter().map(|text| (*text).to_owned()).collect();
    let groups = arranged(boxes, boxes.len(), &said);
    groups
        .iter()
        .flat_map(|g| g.pieces.iter().map(|p| p.index))
        .collect()
}

/// Full lines beside one another at one height, on both sides of a gutter.
fn level(rows: u8, gutter: f32) -> Vec<Quad> {
    let side =
        |left: f32| (0..rows).map(move |i| rect(left, 400.0 + 100.0 * f32::from(i), 900.0, 66.0));
    side(200.0).chain(side(1100.0 + gutter)).collect()
}

const LEFT: [&str; 6] = [
    "我们小区东门的围墙去年夏天塌了一",
    "段到现在没有人修理夜里常有陌生人",
    "翻进来偷电瓶车居民很害怕物业说这",
    "不在他们的合同里面街道说要等上级",
    "拨款才能动工请领导早日过问此事给",
    "大家一个交代以免再出意外谢谢大家",
];
const RIGHT: [&str; 6] = [
    "另外水费从每吨三元一角涨到四元八",
    "角没有开过听证会收费员上门时拿不",
    "出文件问他依据他说照单子收就是老",
    "人家靠低保过日子多出来的钱不是小",
    "数目恳请核查收费标准并且把多收的",
    "部分退回来谢谢各位领导再次谢谢了",
];

#[test]
fn level_columns_are_told_by_words_that_go_on_in_the_line_below() {
    let said: Vec<&str> = LEFT.iter().chain(&RIGHT).copied().collect();
    for gutter in [40.0, 100.0, 300.0] {
        let boxes = level(6, gutter);
        assert_eq!(
            order_of(&boxes, &said),
            (0..12).collect::<Vec<_>>(),
            "{gutter}"
        );
    }
}

#[test]
fn level_columns_far_apart_need_no_words() {
    let boxes = level(6, 400.0);
    let said = ["左栏文字说明漏水情况一二三"; 12];
    assert_eq!(order_of(&boxes, &said), (0..12).collect::<Vec<_>>());
}

#[test]
fn level_rows_whose_words_go_on_across_a_wide_middle_stay_rows() {
    // The same text written row by row over the middle.
    let text: Vec<&str> = LEFT.iter().chain(&RIGHT).copied().collect();
    let said: Vec<&str> = [0, 1]
        .iter()
        .flat_map(|side| text.iter().skip(*side).step_by(2))
        .copied()
        .collect();
    for gutter in [40.0, 100.0, 300.0, 400.0] {
        let boxes = level(6, gutter);
        let rows: Vec<usize> = (0..6).flat_map(|i| [i, i + 6]).collect();
        assert_eq!(order_of(&boxes, &said), rows, "{gutter}");
    }
}

#[test]
fn names_and_numbers_in_columns_stay_rows() {
    let mut boxes = Vec::new();
    let mut said = Vec::new();
    for i in 0..8_u8 {
        let y = 400.0 + 100.0 * f32::from(i);
        boxes.extend([
            rect(200.0, y, 200.0, 66.0),
            rect(520.0, y, 640.0, 66.0),
            rect(1500.0, y, 800.0, 66.0),
        ]);
        said.extend(["李桂兰", "320521196001011234", "平江路十二号三幢二单元"]);
    }
    assert_eq!(order_of(&boxes, &said), (0..24).collect::<Vec<_>>());
}

#[test]
fn a_column_in_the_margin_comes_after_the_text() {
    let mut boxes = column(250.0, 400.0, 1500.0, 14, 120.0);
    boxes.push(rect(100.0, 700.0, 80.0, 620.0));
    assert_eq!(order(&boxes), (0..15).collect::<Vec<_>>());
}

proptest! {
    /// Whatever their sizes, two columns of prose are read one after the other, wherever they lie on the page.
    #[test]
    fn columns_of_prose_are_never_mixed(
        rows in 10_usize..30,
        gutter in 80.0_f32..400.0,
        width in 550.0_f32..1000.0,
        lag in 0.0_f32..40.0,
        (dx, dy) in (0.0_f32..500.0, 0.0_f32..500.0),
    ) {
        let mut boxes = column(100.0 + dx, 200.0 + dy, width, rows, 90.0);
        boxes.extend(column(100.0 + dx + width + gutter, 200.0 + dy + lag, width, rows, 90.0));
        prop_assert_eq!(order(&boxes), (0..boxes.len()).collect::<Vec<_>>());
    }

    /// Rows broken anywhere by gaps of any width stay rows, as long as each goes on where it breaks.
    #[test]
    fn broken_rows_stay_rows(rows in 6_u8..20, at in 0.3_f32..0.7, gap in 10.0_f32..300.0, last in 0.1_f32..1.0) {
        let mut boxes = Vec::new();
        for i in 0..rows {
            let y = 300.0 + 110.0 * f32::from(i);
            let middle = 200.0 + 2000.0 * at;
            let end = if i + 1 == rows { 200.0 + 2000.0 * last } else { 2200.0 };
            boxes.push(rect(200.0, y, middle.min(end) - 200.0, 80.0));
            if end > middle + gap + 80.0 {
                boxes.push(rect(middle + gap, y, end - middle - gap, 80.0));
            }
        }
        prop_assert_eq!(order(&boxes), (0..boxes.len()).collect::<Vec<_>>());
    }

    /// No box is lost or read twice, whatever lies on the page.
    #[test]
    fn every_box_is_read_once(
        boxes in proptest::collection::vec((0.0_f32..2000.0, 0.0_f32..3000.0, 40.0_f32..900.0, 30.0_f32..120.0), 0..60)
    ) {
        let boxes: Vec<Quad> = boxes.into_iter().map(|(x, y, w, h)| rect(x, y, w, h)).collect();
        let mut read = order(&boxes);
        let count = read.len();
        read.sort_unstable();
        read.dedup();
        prop_assert_eq!(read.len(), count);
        prop_assert!(count <= boxes.len());
    }
}
