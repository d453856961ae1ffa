//! Reading order on drawn pages: letters, signature tables, both envelopes, tilted by up to ±3°.

use super::*;
use proptest::prelude::*;

fn rect(left: f32, top: f32, width: f32, height: f32) -> Quad {
    [
        [left, top],
        [left + width, top],
        [left + width, top + height],
        [left, top + height],
    ]
}

fn tilted(boxes: &[Quad], degrees: f32) -> Vec<Quad> {
    let (sin, cos) = degrees.to_radians().sin_cos();
    boxes
        .iter()
        .map(|quad| {
            quad.map(|p| {
                [
                    1200.0 + (p[0] - 1200.0) * cos - p[1] * sin,
                    (p[0] - 1200.0) * sin + p[1] * cos,
                ]
            })
        })
        .collect()
}

fn order(boxes: &[Quad]) -> Vec<Vec<usize>> {
    arrange(boxes, boxes.len())
        .iter()
        .map(|g| g.pieces.iter().map(|p| p.index).collect())
        .collect()
}

fn one_each(n: usize) -> Vec<Vec<usize>> {
    (0..n).map(|i| vec![i]).collect()
}

/// Title, salutation, three body rows, greeting, right-aligned signature, address and date.
fn letter() -> Vec<Quad> {
    vec![
        rect(1050.0, 360.0, 380.0, 110.0),
        rect(250.0, 480.0, 360.0, 90.0),
        rect(400.0, 600.0, 1830.0, 90.0),
        rect(250.0, 720.0, 1980.0, 90.0),
        rect(250.0, 840.0, 500.0, 90.0),
        rect(400.0, 960.0, 180.0, 90.0),
        rect(250.0, 1080.0, 260.0, 90.0),
        rect(1500.0, 1200.0, 600.0, 90.0),
        rect(1100.0, 1320.0, 1100.0, 90.0),
        rect(1600.0, 1440.0, 500.0, 90.0),
    ]
}

#[test]
fn a_letter_with_a_right_aligned_signature_is_read_from_top_to_bottom() {
    for degrees in [-3.0, -1.0, 0.0, 2.0, 3.0] {
        assert_eq!(
            order(&tilted(&letter(), degrees)),
            one_each(10),
            "tilt {degrees}°"
        );
    }
}

#[test]
fn names_in_a_signature_table_stay_single_and_go_left_to_right() {
    let mut boxes = Vec::new();
    for row in 0..3_u8 {
        for column in 0..4_u8 {
            boxes.push(rect(
                300.0 + f32::from(column) * 450.0,
                400.0 + f32::from(row) * 140.0,
                260.0,
                95.0,
            ));
        }
    }
    for degrees in [-3.0, 0.0, 3.0] {
        assert_eq!(
            order(&tilted(&boxes, degrees)),
            one_each(12),
            "tilt {degrees}°"
        );
    }
}

#[test]
fn pieces_of_one_row_are_joined_with_a_space_where_the_gap_shows() {
    let boxes = [
        rect(880.0, 405.0, 520.0, 90.0),
        rect(250.0, 400.0, 600.0, 90.0),
        rect(1401.0, 396.0, 300.0, 90.0),
    ];
    let groups = arrange(&boxes, boxes.len());
    assert_eq!(groups.len(), 1);
    let spacing: Vec<_> = groups[0]
        .pieces
        .iter()
        .map(|p| (p.index, p.space_before))
        .collect();
    assert_eq!(
        spacing,
        [(1, Spacing::Tight), (0, Spacing::Gap), (2, Spacing::Tight)]
    );
    let (start, end) = groups[0].pieces[1].span;
    assert!((start - 630.0 / 1451.0).abs() < 0.01 && (end - 1150.0 / 1451.0).abs() < 0.01);
}

#[test]
fn a_horizontal_envelope_is_read_from_top_to_bottom() {
    let boxes = [
        rect(166.0, 110.0, 560.0, 80.0),
        rect(264.0, 335.0, 1050.0, 105.0),
        rect(404.0, 505.0, 1150.0, 120.0),
        rect(1097.0, 865.0, 950.0, 85.0),
        rect(1787.0, 1145.0, 550.0, 85.0),
    ];
    for degrees in [-3.0, 0.0, 3.0] {
        assert_eq!(
            order(&tilted(&boxes, degrees)),
            one_each(5),
            "tilt {degrees}°"
        );
    }
}

#[test]
fn a_vertical_envelope_is_read_in_columns_from_the_right() {
    let boxes = [
        rect(650.0, 115.0, 560.0, 80.0),
        rect(1010.0, 410.0, 110.0, 1110.0),
        rect(570.0, 510.0, 140.0, 1100.0),
        rect(575.0, 1640.0, 130.0, 400.0),
        rect(150.0, 1300.0, 100.0, 900.0),
        rect(60.0, 2405.0, 560.0, 85.0),
    ];
    let expected = vec![vec![0], vec![1], vec![2, 3], vec![4], vec![5]];
    for degrees in [-3.0, 0.0, 3.0] {
        let groups = tilted(&boxes, degrees);
        assert_eq!(order(&groups), expected, "tilt {degrees}°");
        let down: Vec<bool> = arrange(&groups, groups.len())
            .iter()
            .map(|g| g.down)
            .collect();
        assert_eq!(down, [false, true, true, true, false]);
    }
}

#[test]
fn a_box_inside_another_is_dropped_and_twins_leave_one() {
    let boxes = [
        rect(250.0, 400.0, 1000.0, 90.0),
        rect(300.0, 410.0, 200.0, 70.0),
        rect(250.0, 400.0, 1000.0, 90.0),
    ];
    assert!(order(&boxes) == [[0]] || order(&boxes) == [[2]]);
}

#[test]
fn a_seal_beside_three_rows_does_not_merge_them() {
    let mut boxes = letter();
    boxes.push(rect(1700.0, 1150.0, 420.0, 420.0));
    let without: Vec<_> = order(&boxes)
        .into_iter()
        .filter(|line| line != &[10])
        .collect();
    assert_eq!(without, one_each(10));
}

#[test]
fn no_boxes_no_lines() {
    assert!(arrange(&[], 0).is_empty());
}

proptest! {
    #[test]
    fn every_order_of_detection_gives_the_same_reading(seed in prop::collection::vec(any::<u32>(), 10), degrees in -3.0f32..3.0) {
        let boxes = tilted(&letter(), degrees);
        let mut shuffled: Vec<usize> = (0..boxes.len()).collect();
        shuffled.sort_by_key(|&i| seed[i]);
        let given: Vec<Quad> = shuffled.iter().map(|&i| boxes[i]).collect();
        let read: Vec<usize> = arrange(&given, given.len()).iter().flat_map(|g| &g.pieces).map(|p| shuffled[p.index]).collect();
        prop_assert_eq!(read, (0..boxes.len()).collect::<Vec<_>>());
    }

    #[test]
    fn no_box_is_read_twice_and_none_apart_from_nested_ones_is_lost(
        corners in prop::collection::vec((0u16..2000, 0u16..3000, 10u16..900, 10u16..200), 0..40)
    ) {
        let boxes: Vec<Quad> = corners.iter()
            .map(|c| rect(f32::from(c.0), f32::from(c.1), f32::from(c.2), f32::from(c.3))).collect();
        let groups = arrange(&boxes, boxes.len());
        let mut seen: Vec<usize> = groups.iter().flat_map(|g| &g.pieces).map(|p| p.index).collect();
        let before = seen.len();
        seen.sort_unstable();
        seen.dedup();
        prop_assert_eq!(seen.len(), before);
        prop_assert!(boxes.is_empty() || !seen.is_empty());
        for group in &groups {
            for piece in &group.pieces {
                prop_assert!((0.0..=1.0).contains(&piece.span.0) && piece.span.0 <= piece.span.1);
            }
        }
    }
}
