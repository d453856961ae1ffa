//! The `[link]` of a serial line.

use uv_cabinet::{Parity, Profile, Transport};

use super::DEMO;

/// The shipped profile with these lines about the wire.
fn wired(lines: &str) -> String {
    let tcp = "transport = \"tcp\"\naddress = \"127.0.0.1:1502\"";
    assert!(DEMO.contains(tcp));
    DEMO.replace(tcp, lines)
}

const RTU: &str = "transport = \"rtu\"\ndevice = \"/dev/cabinet-1\"\nbaud = 9600\nparity = \"even\"\n\
                   stop_bits = 1\nsilent_ms = 600";

#[test]
fn a_serial_line_is_taken() {
    let profile = Profile::parse(&wired(RTU)).expect("good");
    let Transport::Rtu(line) = profile.link.transport else {
        panic!("not a serial line");
    };
    assert_eq!(line.device.to_str(), Some("/dev/cabinet-1"));
    assert_eq!(
        (line.baud, line.parity, line.stop_bits),
        (9600, Parity::Even, 1)
    );
    assert_eq!(line.silent.as_millis(), 600);
}

#[test]
fn a_wrong_serial_line_is_refused_with_its_message() {
    let cases = [
        (
            "baud = 9600",
            "baud = 4800",
            "link.baud = 4800: allowed: 9600, 19200, 38400, 57600 or 115200",
        ),
        (
            "parity = \"even\"",
            "parity = \"mark\"",
            "`parity = \"mark\"`: `mark` is not one of: `none`, `even`, `odd`",
        ),
        (
            "stop_bits = 1",
            "stop_bits = 3",
            "link.stop_bits = 3: allowed: 1 to 2",
        ),
        (
            "silent_ms = 600",
            "silent_ms = 150",
            "link.silent_ms = 150: allowed: 151 to 20000",
        ),
        (
            "silent_ms = 600",
            "silent_ms = 600\ndirection = \"half_duplex\"",
            "`direction = \"half_duplex\"`: `half_duplex` is not one of: `automatic`, \
             `rts_high_sends`, `rts_low_sends`",
        ),
        (
            "device = \"/dev/cabinet-1\"",
            "device = \"cabinet-1\"",
            "link.device = \"cabinet-1\": allowed: an absolute path, such as /dev/cabinet-1",
        ),
        (
            "baud = 9600\n",
            "",
            "link.baud = nothing: allowed: 9600, 19200, 38400, 57600 or 115200",
        ),
        (
            "baud = 9600",
            "baud = 9600\naddress = \"a:1\"",
            "link.address = a value: allowed: no such key with transport = \"rtu\"",
        ),
        (
            "transport = \"rtu\"",
            "transport = \"tcp\"\naddress = \"a:1\"",
            "link.device = a value: allowed: no such key with transport = \"tcp\"",
        ),
        (
            "transport = \"rtu\"",
            "transport = \"usb\"",
            "`transport = \"usb\"`: `usb` is not one of: `tcp`, `rtu`",
        ),
    ];
    for (from, to, message) in cases {
        assert!(RTU.contains(from), "{from:?}");
        let text = wired(&RTU.replace(from, to));
        let said = Profile::parse(&text).expect_err(to).to_string();
        let place = said.strip_prefix("line ").expect("a line");
        assert_eq!(
            place.split_once(": ").expect("a message").1,
            message,
            "{to:?}"
        );
    }
    let broadcast = wired(RTU).replace("unit = 1 ", "unit = 248 ");
    let said = Profile::parse(&broadcast)
        .expect_err("reserved")
        .to_string();
    assert!(
        said.ends_with("link.unit = 248: allowed: 1 to 247"),
        "{said}"
    );
}
