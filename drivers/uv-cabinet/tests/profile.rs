//! Profiles: the shipped one is good, and every wrong one is refused with its message.

mod patience;
mod wires;

use uv_cabinet::{MapOrigin, Point, Profile};

const DEMO: &str = include_str!("../../../config/cabinets/demo.toml");

fn refusal(from: &str, to: &str) -> String {
    assert!(DEMO.contains(from), "the sample has {from:?}");
    let text = DEMO.replacen(from, to, 1);
    match Profile::parse(&text) {
        Ok(_) => panic!("taken: {to:?}"),
        Err(error) => {
            let said = error.to_string();
            // Lines move as the file's comments are improved; that there is one is what counts.
            match said
                .strip_prefix("line ")
                .and_then(|rest| rest.split_once(": "))
            {
                Some((line, rest)) => {
                    let line: usize = line.parse().expect("a line number");
                    let changed = text.lines().nth(line - 1).expect("a line of the file");
                    let first = to.lines().next().unwrap_or_default();
                    assert!(
                        changed.contains(first) || first.is_empty(),
                        "line {line} is {changed:?}, the mistake is {first:?}"
                    );
                    rest.to_owned()
                }
                None => said,
            }
        }
    }
}

#[test]
fn demo_is_good_and_says_that_it_is_invented() {
    let profile = Profile::parse(DEMO).expect("shipped");
    assert_eq!(profile.map, MapOrigin::Invented);
    assert_eq!(profile.sha256.len(), 64);
    let without_current = Point::ALL.len() - 1;
    assert_eq!(profile.points.len(), without_current);
    assert!(DEMO.contains("THE MAP IN THIS FILE IS INVENTED"));
}

#[test]
fn another_text_has_another_hash() {
    let other = Profile::parse(&format!("{DEMO}\n# changed\n")).expect("a comment is no mistake");
    let demo = Profile::parse(DEMO).expect("shipped");
    assert_ne!(other.sha256, demo.sha256);
}

#[test]
fn a_wrong_profile_is_refused_with_its_message() {
    let cases = [
        (
            "poll_ms = 100",
            "pol_ms = 100",
            "`pol_ms = 100`: there is no key `pol_ms`: allowed: `poll_ms`, `preflight_max_s`, \
             `strike_max_s`, `min_exposure_s`, `max_exposure_s`, `off_confirm_max_s`, \
             `fan_start_max_s`, `ventilation_s`, `ventilation_max_s`, `timer_exposure_s`, \
             `timer_ventilation_s`, `turn_over_max_s`",
        ),
        (
            "poll_ms = 100",
            "poll_ms = 5000",
            "timing.poll_ms = 5000: allowed: 20 to 300",
        ),
        (
            "max_exposure_s = 120 ",
            "max_exposure_s = 7 ",
            "timing.max_exposure_s = 7: allowed: 8 to 86400",
        ),
        (
            "target_dose_mj_cm2 = 100.0",
            "target_dose_mj_cm2 = 0.0",
            "limits.target_dose_mj_cm2 = 0: allowed: 1 to 10000",
        ),
        (
            "irradiance_dark_mw_cm2 = 0.05",
            "irradiance_dark_mw_cm2 = 0.4",
            "limits.irradiance_dark_mw_cm2 = 0.4: allowed: 0 to 0.25",
        ),
        (
            "ozone_release_mg_m3 = 0.1",
            "ozone_release_mg_m3 = nan",
            "limits.ozone_release_mg_m3 = NaN: allowed: 0.001 to 0.3",
        ),
        (
            "address = \"127.0.0.1:1502\"",
            "address = \"127.0.0.1\"",
            "link.address = \"127.0.0.1\": allowed: host:port, such as 192.168.1.50:502",
        ),
        (
            "unit = 1 ",
            "unit = \"one\" ",
            "`unit = \"one\"                # Modbus unit identifier, 1..=247 (255 for a plain TCP \
             device)`: found the text \"one\": allowed: a whole number from 0",
        ),
        (
            "unit = \"mW/cm2\"",
            "unit = \"uW/cm2\"",
            "points.irradiance_mw_cm2.unit = \"uW/cm2\": allowed: \"mW/cm2\"; bring other units \
             there with scale",
        ),
        (
            "address = 4\ntype = \"bool\"",
            "address = 3\ntype = \"bool\"",
            "points.fan_on.address = 3: allowed: an address of its own; points.lamp_on is there \
             already",
        ),
        (
            "address = 0\ntype = \"u16\"\nscale = 0.001",
            "address = 65535\ntype = \"u32\"\nscale = 0.001",
            "points.irradiance_mw_cm2.address = 65535: allowed: 0 to 65534",
        ),
        (
            "type = \"i16\"",
            "bit = 3\ntype = \"i16\"",
            "points.lamp_temperature_c.bit = 3: allowed: only with type = \"bit\"",
        ),
        (
            "type = \"i16\"",
            "modbus_unit = 0\ntype = \"i16\"",
            "points.lamp_temperature_c.modbus_unit = 0: allowed: 1 to 247",
        ),
        (
            "max = 120.0",
            "max = -120.0",
            "points.lamp_temperature_c.max = -120: allowed: -20 to 1000",
        ),
        (
            "table = \"coil\"",
            "table = \"discrete_input\"",
            "points.lamp_command.table = discrete_input: allowed: coil or holding_register; the \
             others cannot be written",
        ),
        (
            "table = \"coil\"",
            "table = \"coils\"",
            "`table = \"coils\"`: `coils` is not one of: `coil`, \
             `discrete_input`, `input_register`, `holding_register`",
        ),
        (
            "type = \"u16\"\nscale = 0.001",
            "type = \"bool\"\nscale = 0.001",
            "points.irradiance_mw_cm2.type = bool in input_register: allowed: a number in a register \
             (u16; for measured values also i16, u32, i32, f32)",
        ),
        (
            "[points.locked]",
            "[points.lokced]",
            "`[points.lokced]`: `lokced` is not one of: `door_closed`, `locked`, \
             `estop_pressed`, `lamp_on`, `fan_on`, `lamp_current_a`, `irradiance_mw_cm2`, `ozone_mg_m3`, \
             `lamp_temperature_c`, `lamp_hours_h`, `lamp_strikes`, `scan_counter`, `lamp_command`, \
             `fan_command`, `lock_command`, `heartbeat`",
        ),
        (
            "[points.locked]\ntable = \"discrete_input\"\naddress = 1\ntype = \"bool\"\nmax_age_ms = 250",
            "",
            "[points.locked] is missing, and nothing says so: give it, or say cabinet.without = [\"locked\"]",
        ),
    ];
    for (from, to, message) in cases {
        assert_eq!(refusal(from, to), message, "{from:?} → {to:?}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_line() {
    let cases = [
        (
            "max = 40.0",
            "max = 1000000.0",
            "points.irradiance_mw_cm2.max = 1000000: allowed: 0 to 1000",
        ),
        (
            "max = 20.0",
            "max = 20000.0",
            "points.ozone_mg_m3.max = 20000: allowed: 0 to 500",
        ),
        (
            "frozen_after_ms = 400",
            "frozen_after_ms = 60000",
            "points.scan_counter.frozen_after_ms = 60000: allowed: 100 to 1000",
        ),
        (
            "address = 0\ntype = \"bool\"\nmax_age_ms = 250",
            "frozen_after_ms = 400\naddress = 0\ntype = \"bool\"\nmax_age_ms = 250",
            "points.door_closed.frozen_after_ms = 400: allowed: no such key; a contact may stand still for days",
        ),
        (
            "scale = 0.001\nunit = \"mW/cm2\"",
            "scale = 1000.0\nunit = \"mW/cm2\"",
            "points.irradiance_mw_cm2.scale = 1000: allowed: up to 4: from 0 to 40 are then 10 steps",
        ),
        (
            "frozen_after_ms = 400\n",
            "",
            "points.scan_counter.frozen_after_ms = nothing: allowed: 100 to 1000; a counter that may stand still tells nothing",
        ),
        (
            "irradiance_min_mw_cm2 = 3.0",
            "irradiance_min_mw_cm2 = 41.0",
            "maintenance.irradiance_min_mw_cm2 = 41: allowed: 0 to 40, the range of points.irradiance_mw_cm2",
        ),
        (
            "model = \"laixin demo cabinet\"",
            "model = \" \"",
            "cabinet.model = \"\": allowed: 1 to 200 characters, none of them a control character or one that changes the direction of writing",
        ),
        (
            "model = \"laixin demo cabinet\"",
            "model = \"demo \u{202e}tenibac\"",
            "cabinet.model = \"demo \\u{202e}tenibac\": allowed: 1 to 200 characters, none of them a control character or one that changes the direction of writing",
        ),
    ];
    for (from, to, message) in cases {
        assert_eq!(refusal(from, to), message, "{from:?} → {to:?}");
    }
}

#[test]
fn a_map_that_is_not_invented_is_held_to_real_doses_and_times() {
    let real = DEMO
        .replace("map = \"invented\"", "map = \"published\"")
        .replace("\nventilation_s = 5 ", "\nventilation_s = 30 ");
    Profile::parse(&real).expect("as the standard wants it");
    let cases = [
        (
            "target_dose_mj_cm2 = 100.0",
            "target_dose_mj_cm2 = 1.0",
            "limits.target_dose_mj_cm2 = 1: allowed: 10 to 10000",
        ),
        (
            "min_exposure_s = 8",
            "min_exposure_s = 1",
            "timing.min_exposure_s = 1: allowed: 5 to 86400",
        ),
        (
            "\nventilation_s = 30",
            "\nventilation_s = 5",
            "timing.ventilation_s = 5: allowed: 30 to 86400",
        ),
    ];
    for (from, to, message) in cases {
        let error = Profile::parse(&real.replace(from, to)).expect_err(to);
        assert!(error.to_string().ends_with(message), "{error}");
    }
    let simulated = DEMO.replace("target_dose_mj_cm2 = 100.0", "target_dose_mj_cm2 = 1.0");
    let simulated = Profile::parse(&simulated).expect("a simulator's time may be compressed");
    assert_eq!(simulated.map.name(), "invented");
}

/// The shipped profile with these two flags as bits.
fn with_bits(door: &str, locked: &str) -> String {
    DEMO.replace(
        "table = \"discrete_input\"\naddress = 0\ntype = \"bool\"",
        door,
    )
    .replace(
        "table = \"discrete_input\"\naddress = 1\ntype = \"bool\"",
        locked,
    )
}

#[test]
fn two_points_may_share_a_register_only_as_different_bits_of_it() {
    let bit =
        |bit| format!("table = \"input_register\"\naddress = 99\ntype = \"bit\"\nbit = {bit}");
    let good = Profile::parse(&with_bits(&bit(0), &bit(15))).expect("different bits");
    assert_eq!(good.points[&Point::Locked].bit, 15);
    let word = "table = \"input_register\"\naddress = 99\ntype = \"u16\"";
    for (door, locked) in [
        (bit(3), bit(3)),
        (bit(3), word.to_owned()),
        (word.to_owned(), bit(3)),
    ] {
        let said = Profile::parse(&with_bits(&door, &locked)).expect_err("taken twice");
        let clash = "points.locked.address = 99: allowed: an address of its own; points.door_closed is there already";
        assert!(said.to_string().ends_with(clash), "{said}");
    }
    let command = DEMO.replacen(
        "table = \"coil\"\naddress = 0\ntype = \"bool\"",
        "table = \"holding_register\"\naddress = 9\ntype = \"bit\"\nbit = 0",
        1,
    );
    let said = Profile::parse(&command)
        .expect_err("writing a bit writes its neighbours")
        .to_string();
    assert!(
        said.contains("points.lamp_command.type = bit in holding_register: allowed:"),
        "{said}"
    );
    let longer = DEMO.replace("address = 2\ntype = \"i16\"", "address = 2\ntype = \"f32\"");
    let said = Profile::parse(&longer).expect_err("two registers reach into the next point");
    let clash = "points.lamp_hours_h.address = 3: allowed: an address of its own; points.lamp_temperature_c is there already";
    assert!(said.to_string().ends_with(clash), "{said}");
    let elsewhere = format!("modbus_unit = 7\n{word}");
    Profile::parse(&with_bits(word, &elsewhere)).expect("another unit has its own registers");
    let none = bit(3).replace("\nbit = 3", "");
    let said = Profile::parse(&with_bits(&none, &bit(1))).expect_err("which bit?");
    assert!(
        said.to_string()
            .ends_with("points.door_closed.bit = nothing: allowed: 0 to 15; 0 is the lowest"),
        "{said}"
    );
}

/// The demo profile without this point's table.

#[test]
fn no_point_lies_in_what_tells_the_model() {
    // "LX-DEMO1" fills registers 16 to 19.
    for (address, clashes) in [(15, false), (16, true), (19, true), (20, false)] {
        let from = "[points.heartbeat]\ntable = \"holding_register\"\naddress = 0";
        assert!(DEMO.contains(from));
        let to = from.replace("= 0", &format!("= {address}"));
        let said = match Profile::parse(&DEMO.replacen(from, &to, 1)) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        };
        let clash = format!(
            "points.heartbeat.address = {address}: allowed: an address of its own; identity.model is there already"
        );
        assert_eq!(said.ends_with(&clash), clashes, "{address}: {said}");
        assert_eq!(said.is_empty(), !clashes, "{address}: {said}");
    }
}

fn without(point: &str) -> String {
    let begin = DEMO.find(&format!("[points.{point}]")).expect("there");
    let end = begin + 1 + DEMO[begin + 1..].find("\n[").expect("another table");
    format!("{}{}", &DEMO[..begin], &DEMO[end..])
}

#[test]
fn a_missing_sensor_must_be_declared_and_a_declared_one_must_be_missing() {
    for point in [
        "irradiance_mw_cm2",
        "ozone_mg_m3",
        "locked",
        "estop_pressed",
    ] {
        let said = Profile::parse(&without(point))
            .expect_err(point)
            .to_string();
        let named = format!("[points.{point}] is missing, and nothing says so");
        assert!(said.starts_with(&named), "{said}");
    }
    for point in ["door_closed", "lamp_on", "fan_on"] {
        let said = Profile::parse(&without(point))
            .expect_err(point)
            .to_string();
        let named = format!("[points.{point}] is missing: a cycle cannot be run without it");
        assert_eq!(said, named);
    }
    let declared = |text: &str, line: &str| text.replace("without = []", line);
    let stop = declared(&without("estop_pressed"), "without = [\"estop_pressed\"]");
    assert_eq!(
        Profile::parse(&stop).expect("declared").without,
        [Point::EstopPressed]
    );
    let there = declared(DEMO, "without = [\"locked\"]");
    let said = Profile::parse(&there).expect_err("it is there").to_string();
    assert!(said.contains("points.locked = given"), "{said}");
    let door = declared(DEMO, "without = [\"door_closed\"]");
    let said = Profile::parse(&door).expect_err("never").to_string();
    assert!(said.contains("cabinet.without = door_closed"), "{said}");
}

#[test]
fn timer_mode_needs_its_own_longer_time_and_claims_no_limit() {
    let timer = without("irradiance_mw_cm2").replace("dose = \"measured\"", "dose = \"timer\"");
    let said = Profile::parse(&timer).expect_err("limits stay").to_string();
    assert!(
        said.contains("limits.irradiance_struck_mw_cm2 = 0.5: allowed: no such key"),
        "{said}"
    );
    let timer: Vec<_> = timer
        .lines()
        .filter(|line| !line.starts_with("irradiance_") && !line.starts_with("target_dose"))
        .collect();
    let timer = timer.join("\n");
    let said = Profile::parse(&timer).expect_err("no time").to_string();
    assert!(
        said.contains("timing.timer_exposure_s = nothing: allowed: 16 to 86400"),
        "{said}"
    );
    let short = timer.replace("[timing]\n", "[timing]\ntimer_exposure_s = 15\n");
    let said = Profile::parse(&short).expect_err("too short").to_string();
    assert!(
        said.contains("timing.timer_exposure_s = 15: allowed: 16 to 86400"),
        "{said}"
    );
    let good = timer.replace("[timing]\n", "[timing]\ntimer_exposure_s = 60\n");
    let profile = Profile::parse(&good).expect("explicit");
    assert_eq!(profile.limits.uv, None);
    assert_eq!(profile.timing.min_exposure.as_secs(), 60);
}

#[test]
fn a_one_sided_cabinet_says_how_long_turning_over_may_take() {
    let one = DEMO.replace("sides = \"both\"", "sides = \"one\"");
    let said = Profile::parse(&one).expect_err("no time").to_string();
    assert!(said.contains("timing.turn_over_max_s = nothing"), "{said}");
    let one = one.replace("[timing]\n", "[timing]\nturn_over_max_s = 300\n");
    assert_eq!(
        Profile::parse(&one).expect("good").sides,
        uv_cabinet::Sides::One
    );
}

#[test]
fn limits_of_wear_may_be_left_out_and_wrong_ones_are_refused() {
    let at = DEMO.find("\n[maintenance]").expect("the demo has them");
    let without = Profile::parse(&DEMO[..at]).expect("they may be left out");
    assert_eq!(without.maintenance, uv_cabinet::Maintenance::default());
    let with = Profile::parse(DEMO).expect("shipped");
    assert_eq!(with.maintenance.lamp_hours_max_h, Some(9000.0));
    // Below the threshold of “lit” the lamp would not even strike.
    assert_eq!(
        refusal("irradiance_min_mw_cm2 = 3.0", "irradiance_min_mw_cm2 = 0.1"),
        "maintenance.irradiance_min_mw_cm2 = 0.1: allowed: 0.5 to 1000"
    );
    assert_eq!(
        refusal("lamp_strikes_max = 10000", "lamp_strikes_max = 0"),
        "maintenance.lamp_strikes_max = 0: allowed: 1 to 1000000"
    );
}

#[test]
fn a_profile_that_is_no_utf_8_is_refused_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cabinet.toml");
    std::fs::write(&file, b"model = \"A\"\nmap = \"\xb9\xf1\"\n").expect("written");
    let refused = Profile::load(&file).expect_err("GB 18030");
    let why = std::error::Error::source(&refused).expect("what is wrong");
    assert!(why.to_string().starts_with("line 2: `map = "), "{why}");
}
