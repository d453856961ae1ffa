//! Scans that do not end where they should: a device that never stops, and one that is done before its feeder is empty.

use super::Fault;
use super::tests::{Bench, failed, kept, manner, sides};
use crate::escl::EsclSettings;
use crate::order::{Manner, Sides, Tray};
use crate::{Order, Outcome, Trouble};

async fn bench(faults: &[Fault], most_images: u32) -> Bench {
    let limited = |settings| EsclSettings {
        most_images,
        ..settings
    };
    Bench::with(faults, limited).await
}

#[tokio::test]
async fn a_feeder_that_never_gets_empty_ends_at_the_limit_and_all_that_came_is_kept() {
    let mut bench = bench(&[Fault::Endless], 5).await;
    bench.device.put_in(sides(3));
    let ended = bench.scan(Sides::One).await;
    let trouble = failed(&ended);
    assert!(matches!(trouble, Trouble::TooMany { most: 5 }), "{ended:?}");
    assert_eq!(trouble.code(), "scanner_too_many");
    assert_eq!(ended.device_images, Some(6), "every image is accounted for");
    kept(&bench, &[sides(3), sides(3)].concat());
    assert_eq!(bench.device.deleted(), 1, "the device is told to stop");
}

#[tokio::test]
async fn as_many_images_as_a_scan_may_have_are_no_trouble() {
    let mut bench = bench(&[], 5).await;
    bench.device.put_in(sides(5));
    let ended = bench.scan(Sides::One).await;
    assert!(matches!(ended.outcome, Outcome::Done), "{ended:?}");
}

#[tokio::test]
async fn a_glass_that_is_read_again_and_again_ends_after_the_second_image() {
    let mut bench = bench(&[Fault::Endless], 5).await;
    bench.device.put_in(sides(1));
    let order = Order {
        id: "scan-1".into(),
        manner: Manner {
            tray: Tray::Glass,
            ..manner(Sides::One)
        },
    };
    bench.source.start(order).unwrap();
    let ended = bench.end().await;
    assert!(
        matches!(failed(&ended), Trouble::TooMany { most: 1 }),
        "{ended:?}"
    );
    kept(&bench, &[sides(1), sides(1)].concat());
}

#[tokio::test]
async fn paper_left_in_the_feeder_by_a_complete_job_is_told() {
    let mut bench = bench(&[Fault::LeavesPaper(2)], 100).await;
    bench.device.put_in(sides(5));
    let ended = bench.scan(Sides::One).await;
    let trouble = failed(&ended);
    assert!(
        matches!(trouble, Trouble::PaperLeft { after: 2 }),
        "{ended:?}"
    );
    assert_eq!(trouble.code(), "scanner_paper_left");
    kept(&bench, &sides(2));
    assert_eq!(bench.device.left(), 3);
}
