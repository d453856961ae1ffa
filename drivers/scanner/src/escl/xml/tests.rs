//! Documents as devices send them, and as they should not.

use proptest::prelude::*;

use super::*;
use crate::order::Paper;

const STATUS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- other prefixes than usual -->
<e:ScannerStatus xmlns:e="http://schemas.hp.com/imaging/escl/2011/05/03" xmlns:p="http://www.pwg.org/schemas/2010/12/sm">
 <p:Version>2.63</p:Version><p:State>Processing</p:State><e:AdfState>ScannerAdfLoaded</e:AdfState>
 <e:Jobs>
  <e:JobInfo><p:JobUri>http://scanner.local/eSCL/ScanJobs/a-1/</p:JobUri><p:JobState>Completed</p:JobState><p:ImagesCompleted>7</p:ImagesCompleted>
   <p:JobStateReasons><p:JobStateReason>JobCompletedSuccessfully</p:JobStateReason></p:JobStateReasons></e:JobInfo>
  <e:JobInfo><p:JobUri>/eSCL/ScanJobs/a-2</p:JobUri><p:JobState>Processing</p:JobState></e:JobInfo>
 </e:Jobs>
</e:ScannerStatus>"#;

#[test]
fn a_job_is_found_however_its_address_is_written() {
    let status = status(STATUS).unwrap();
    assert_eq!(
        (status.state.as_str(), status.adf.as_deref()),
        ("Processing", Some("ScannerAdfLoaded"))
    );
    let first = status.job("/eSCL/ScanJobs/a-1").unwrap();
    assert_eq!(
        (first.state.as_str(), first.images_completed),
        ("Completed", Some(7))
    );
    assert_eq!(first.reasons, ["JobCompletedSuccessfully"]);
    assert_eq!(status.job("/other/a-2").unwrap().images_completed, None);
    assert_eq!(status.job("/eSCL/ScanJobs/a-3"), None);
}

#[test]
fn capabilities_of_glass_and_feeder() {
    let text = r#"<scan:ScannerCapabilities xmlns:scan="s" xmlns:pwg="p"><pwg:Version>2.9</pwg:Version>
      <pwg:MakeAndModel>A &amp; B &#x4E2D; 1</pwg:MakeAndModel><pwg:SerialNumber> SN1 </pwg:SerialNumber>
      <scan:Adf><scan:AdfSimplexInputCaps><scan:MaxWidth>2550</scan:MaxWidth><scan:MaxHeight>4200</scan:MaxHeight>
        <scan:SettingProfiles><scan:SettingProfile><scan:ColorModes><scan:ColorMode>RGB24</scan:ColorMode></scan:ColorModes>
        <scan:DocumentFormats><pwg:DocumentFormat>image/jpeg</pwg:DocumentFormat></scan:DocumentFormats>
        <scan:SupportedResolutions><scan:DiscreteResolutions><scan:DiscreteResolution><scan:XResolution>300</scan:XResolution><scan:YResolution>300</scan:YResolution></scan:DiscreteResolution></scan:DiscreteResolutions></scan:SupportedResolutions>
        </scan:SettingProfile></scan:SettingProfiles></scan:AdfSimplexInputCaps></scan:Adf></scan:ScannerCapabilities>"#;
    let found = capabilities(text).unwrap();
    assert_eq!(
        (found.model.as_str(), found.serial.as_deref()),
        ("A & B 中 1", Some("SN1"))
    );
    let feeder = found.feeder.unwrap();
    assert_eq!(
        (feeder.max_width, feeder.resolutions.as_slice()),
        (2550, &[300][..])
    );
    assert_eq!(
        (feeder.colour_modes, feeder.formats),
        (vec!["RGB24".to_owned()], vec!["image/jpeg".to_owned()])
    );
    assert_eq!((found.glass, found.duplex), (None, None));
}

#[test]
fn what_is_no_such_document_is_refused() {
    assert!(matches!(
        status("<html><body>Busy</body></html>"),
        Err(XmlError::Other { .. })
    ));
    assert_eq!(status("<ScannerStatus><State>"), Err(XmlError::NotXml));
    assert_eq!(status(""), Err(XmlError::NotXml));
    let deep = "<a>".repeat(40) + &"</a>".repeat(40);
    assert_eq!(status(&deep), Err(XmlError::TooLarge));
    assert_eq!(
        status(&" ".repeat(LONGEST_BYTES + 1)),
        Err(XmlError::TooLarge)
    );
}

#[test]
fn no_entity_is_expanded() {
    let bomb = r#"<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><ScannerStatus><State>I&b;dle</State></ScannerStatus>"#;
    assert_eq!(status(bomb).unwrap().state, "Idle");
}

#[test]
fn a_request_says_what_was_ordered() {
    let manner = Manner {
        tray: Tray::Feeder,
        sides: Sides::Both,
        colour: Colour::Grey,
        dpi: 300,
        paper: Paper {
            width_mm: 210,
            height_mm: 297,
        },
    };
    let text = scan_settings("2.6<3", &manner);
    let root = parse(&text, "ScanSettings").unwrap();
    let text_of = |name| root.texts(name).concat();
    assert_eq!(
        (text_of("Width"), text_of("Height")),
        ("2480".to_owned(), "3508".to_owned())
    );
    assert_eq!(
        (
            text_of("Duplex"),
            text_of("ColorMode"),
            text_of("InputSource")
        ),
        (
            "true".to_owned(),
            "Grayscale8".to_owned(),
            "Feeder".to_owned()
        )
    );
    assert_eq!(
        (text_of("Version"), text_of("XResolution")),
        ("2.63".to_owned(), "300".to_owned())
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = status(&text);
        let _ = capabilities(&format!("<ScannerCapabilities>{text}</ScannerCapabilities>"));
    }
}
