//! Plane geometry of text boxes: convex hull, smallest enclosing rectangle, quads. No image, no text.

/// Four corners in pixels of the page, clockwise on the screen, beginning at the top left of the upright text.
pub type Quad = [[f32; 2]; 4];

/// The convex hull, counter-clockwise in a y-up plane (monotone chain). Fewer than three distinct
/// points come back as they are.
pub(crate) fn convex_hull(points: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    sorted.dedup();
    if sorted.len() < 3 {
        return sorted;
    }
    let mut hull: Vec<[f32; 2]> = Vec::with_capacity(sorted.len() + 1);
    let forth = sorted.iter();
    for &point in forth {
        push_turning_left(&mut hull, point, 0);
    }
    let lower = hull.len();
    for &point in sorted.iter().rev().skip(1) {
        push_turning_left(&mut hull, point, lower - 1);
    }
    hull.pop();
    hull
}

fn push_turning_left(hull: &mut Vec<[f32; 2]>, point: [f32; 2], keep: usize) {
    while hull.len() >= keep + 2 {
        let (a, b) = (hull[hull.len() - 2], hull[hull.len() - 1]);
        let cross = (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]);
        if cross > 0.0 {
            break;
        }
        hull.pop();
    }
    hull.push(point);
}

/// The rectangle of least area around `points`: every hull edge is tried as its direction.
/// `None` without three corners that span an area.
pub(crate) fn least_area_rectangle(points: &[[f32; 2]]) -> Option<Quad> {
    let hull = convex_hull(points);
    if hull.len() < 3 {
        return None;
    }
    let mut best: Option<(f32, Quad)> = None;
    for (i, &from) in hull.iter().enumerate() {
        let to = hull[(i + 1) % hull.len()];
        let edge = [to[0] - from[0], to[1] - from[1]];
        let length = edge[0].hypot(edge[1]);
        if length == 0.0 {
            continue;
        }
        let along = [edge[0] / length, edge[1] / length];
        let across = [-along[1], along[0]];
        let (mut low, mut high) = ([f32::MAX; 2], [f32::MIN; 2]);
        for p in &hull {
            for (axis, direction) in [along, across].iter().enumerate() {
                let at = p[0] * direction[0] + p[1] * direction[1];
                low[axis] = low[axis].min(at);
                high[axis] = high[axis].max(at);
            }
        }
        let area = (high[0] - low[0]) * (high[1] - low[1]);
        if best.as_ref().is_none_or(|(least, _)| area < *least) {
            let corner =
                |u: f32, v: f32| [u * along[0] + v * across[0], u * along[1] + v * across[1]];
            let quad = [
                corner(low[0], low[1]),
                corner(high[0], low[1]),
                corner(high[0], high[1]),
                corner(low[0], high[1]),
            ];
            best = Some((area, quad));
        }
    }
    best.map(|(_, quad)| from_top_left(quad))
}

/// The same clockwise rectangle, begun at the corner whose edge runs most to the right. Sorting corners by x, as
/// is usual, fails on long columns that lean further than they are wide.
fn from_top_left(mut quad: Quad) -> Quad {
    let rightwards =
        |i: usize| quad[(i + 1) % 4][0] - quad[i][0] - (quad[(i + 1) % 4][1] - quad[i][1]).abs();
    let first = (0..4)
        .max_by(|&i, &j| rightwards(i).total_cmp(&rightwards(j)))
        .unwrap_or(0);
    quad.rotate_left(first);
    quad
}

/// Width along the upper edge and height along the left edge, pixels.
pub(crate) fn size(quad: &Quad) -> (f32, f32) {
    let [a, b, _, d] = quad;
    (
        (b[0] - a[0]).hypot(b[1] - a[1]),
        (d[0] - a[0]).hypot(d[1] - a[1]),
    )
}

/// The same box read from its other end.
pub(crate) fn on_its_head(quad: &Quad) -> Quad {
    let [a, b, c, d] = *quad;
    [c, d, a, b]
}

pub(crate) fn centre(quad: &Quad) -> [f32; 2] {
    let sum = quad
        .iter()
        .fold([0.0, 0.0], |s, p| [s[0] + p[0], s[1] + p[1]]);
    [sum[0] / 4.0, sum[1] / 4.0]
}

/// `quad` with every side moved outwards by `by` pixels.
pub(crate) fn grown(quad: &Quad, by: f32) -> Quad {
    let [a, b, c, d] = *quad;
    let (width, height) = size(quad);
    let unit = |from: [f32; 2], to: [f32; 2], length: f32| {
        let length = length.max(f32::EPSILON);
        [
            (to[0] - from[0]) / length * by,
            (to[1] - from[1]) / length * by,
        ]
    };
    let right = unit(a, b, width);
    let down = unit(a, d, height);
    let moved = |p: [f32; 2], h: f32, v: f32| {
        [
            p[0] + h * right[0] + v * down[0],
            p[1] + h * right[1] + v * down[1],
        ]
    };
    [
        moved(a, -1.0, -1.0),
        moved(b, 1.0, -1.0),
        moved(c, 1.0, 1.0),
        moved(d, -1.0, 1.0),
    ]
}

/// Is `point` inside the convex, clockwise `quad` or on its rim?
pub(crate) fn contains(quad: &Quad, point: [f32; 2]) -> bool {
    (0..4).all(|i| {
        let (a, b) = (quad[i], quad[(i + 1) % 4]);
        (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) >= -1e-3
    })
}

/// Area that two convex, clockwise quads share, square pixels.
pub(crate) fn shared_area(a: &Quad, b: &Quad) -> f32 {
    let mut shape = a.to_vec();
    for i in 0..4 {
        let (from, to) = (b[i], b[(i + 1) % 4]);
        let side = |p: [f32; 2]| {
            (to[0] - from[0]) * (p[1] - from[1]) - (to[1] - from[1]) * (p[0] - from[0])
        };
        let mut clipped = Vec::with_capacity(8);
        for (j, &p) in shape.iter().enumerate() {
            let q = shape[(j + 1) % shape.len()];
            let (at_p, at_q) = (side(p), side(q));
            if at_p >= 0.0 {
                clipped.push(p);
            }
            if (at_p >= 0.0) != (at_q >= 0.0) {
                let t = at_p / (at_p - at_q);
                clipped.push([p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]);
            }
        }
        shape = clipped;
    }
    area(&shape)
}

/// Area of a simple polygon.
pub(crate) fn area(shape: &[[f32; 2]]) -> f32 {
    let twice: f32 = shape
        .iter()
        .zip(shape.iter().cycle().skip(1))
        .map(|(p, q)| p[0] * q[1] - q[0] * p[1])
        .sum();
    twice.abs() / 2.0
}

/// Upright rectangle around `quad`: left, top, right, bottom.
pub(crate) fn bounds(quad: &Quad) -> [f32; 4] {
    quad.iter()
        .fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |r, p| {
            [
                r[0].min(p[0]),
                r[1].min(p[1]),
                r[2].max(p[0]),
                r[3].max(p[1]),
            ]
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tilted_rectangle_is_found_again() {
        let (sin, cos) = 3.0_f32.to_radians().sin_cos();
        let turn = |x: f32, y: f32| [100.0 + x * cos - y * sin, 200.0 + x * sin + y * cos];
        let mut points = Vec::new();
        for i in 0..=60 {
            for j in 0..=10 {
                points.push(turn(i as f32 * 5.0, j as f32 * 4.0));
            }
        }
        let quad = least_area_rectangle(&points).unwrap();
        for (corner, truth) in quad.iter().zip([
            turn(0.0, 0.0),
            turn(300.0, 0.0),
            turn(300.0, 40.0),
            turn(0.0, 40.0),
        ]) {
            assert!(
                (corner[0] - truth[0]).hypot(corner[1] - truth[1]) < 0.1,
                "{quad:?}"
            );
        }
    }

    #[test]
    fn a_leaning_column_keeps_its_top_left() {
        let column = [
            [1043.0, 404.0],
            [1063.0, 405.0],
            [1009.0, 1534.0],
            [989.0, 1533.0],
        ];
        let quad = least_area_rectangle(&column).unwrap();
        let (width, height) = size(&quad);
        assert!(width < 25.0 && height > 1100.0, "{quad:?}");
        assert!(
            (quad[0][0] - 1043.0).abs() < 5.0 && (quad[0][1] - 404.0).abs() < 5.0,
            "{quad:?}"
        );
    }

    #[test]
    fn points_on_one_line_have_no_rectangle() {
        assert_eq!(least_area_rectangle(&[[0.0, 0.0], [5.0, 5.0]]), None);
        assert_eq!(
            least_area_rectangle(&[[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]),
            None
        );
    }

    #[test]
    fn shared_area_of_crossing_apart_and_equal_quads() {
        let square = |x: f32, y: f32, s: f32| [[x, y], [x + s, y], [x + s, y + s], [x, y + s]];
        assert!(
            (shared_area(&square(0.0, 0.0, 10.0), &square(5.0, 5.0, 10.0)) - 25.0).abs() < 1e-3
        );
        assert!(shared_area(&square(0.0, 0.0, 10.0), &square(20.0, 0.0, 10.0)) < 1e-3);
        assert!(
            (shared_area(&square(0.0, 0.0, 10.0), &square(0.0, 0.0, 10.0)) - 100.0).abs() < 1e-3
        );
    }

    #[test]
    fn growing_moves_every_side() {
        let quad = grown(
            &[[10.0, 10.0], [50.0, 10.0], [50.0, 20.0], [10.0, 20.0]],
            2.0,
        );
        assert_eq!(quad, [[8.0, 8.0], [52.0, 8.0], [52.0, 22.0], [8.0, 22.0]]);
    }

    proptest! {
        #[test]
        fn the_rectangle_holds_every_point(points in prop::collection::vec((0u16..500, 0u16..500), 3..60)) {
            let points: Vec<[f32; 2]> = points.iter().map(|p| [f32::from(p.0), f32::from(p.1)]).collect();
            if let Some(quad) = least_area_rectangle(&points) {
                let slack = grown(&quad, 0.5);
                for p in &points {
                    prop_assert!(contains(&slack, *p), "{p:?} outside {quad:?}");
                }
            }
        }
    }
}
