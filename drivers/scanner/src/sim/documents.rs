//! The documents of the simulated device, written by hand after those of real ones.

pub(super) fn capabilities(serial: &str) -> String {
    let tray = |name: &str| {
        format!(
            "<scan:{name}><scan:MinWidth>50</scan:MinWidth><scan:MaxWidth>2550</scan:MaxWidth><scan:MinHeight>50</scan:MinHeight>\
             <scan:MaxHeight>4200</scan:MaxHeight><scan:SettingProfiles><scan:SettingProfile>\
             <scan:ColorModes><scan:ColorMode>Grayscale8</scan:ColorMode><scan:ColorMode>RGB24</scan:ColorMode></scan:ColorModes>\
             <scan:DocumentFormats><pwg:DocumentFormat>image/jpeg</pwg:DocumentFormat></scan:DocumentFormats>\
             <scan:SupportedResolutions><scan:DiscreteResolutions>\
             <scan:DiscreteResolution><scan:XResolution>200</scan:XResolution><scan:YResolution>200</scan:YResolution></scan:DiscreteResolution>\
             <scan:DiscreteResolution><scan:XResolution>300</scan:XResolution><scan:YResolution>300</scan:YResolution></scan:DiscreteResolution>\
             </scan:DiscreteResolutions></scan:SupportedResolutions></scan:SettingProfile></scan:SettingProfiles></scan:{name}>"
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<scan:ScannerCapabilities xmlns:scan=\"http://schemas.hp.com/imaging/escl/2011/05/03\" \
         xmlns:pwg=\"http://www.pwg.org/schemas/2010/12/sm\"><pwg:Version>2.63</pwg:Version><pwg:MakeAndModel>laixin simulated scanner</pwg:MakeAndModel>\
         <pwg:SerialNumber>{serial}</pwg:SerialNumber><scan:Platen>{}</scan:Platen><scan:Adf>{}{}<scan:FeederCapacity>50</scan:FeederCapacity></scan:Adf>\
         </scan:ScannerCapabilities>",
        tray("PlatenInputCaps"),
        tray("AdfSimplexInputCaps"),
        tray("AdfDuplexInputCaps"),
    )
}

pub(super) fn status(state: &str, adf: &str, jobs: &[(u32, &str, u32)]) -> String {
    let jobs: String = jobs
        .iter()
        .map(|(number, state, made)| {
            format!(
                "<scan:JobInfo><pwg:JobUri>/eSCL/ScanJobs/{number}</pwg:JobUri><pwg:JobUuid>{number}</pwg:JobUuid><scan:Age>1</scan:Age>\
                 <pwg:ImagesCompleted>{made}</pwg:ImagesCompleted><pwg:ImagesToTransfer>0</pwg:ImagesToTransfer>\
                 <pwg:JobState>{state}</pwg:JobState></scan:JobInfo>"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<scan:ScannerStatus xmlns:scan=\"http://schemas.hp.com/imaging/escl/2011/05/03\" \
         xmlns:pwg=\"http://www.pwg.org/schemas/2010/12/sm\"><pwg:Version>2.63</pwg:Version><pwg:State>{state}</pwg:State>\
         <scan:AdfState>{adf}</scan:AdfState><scan:Jobs>{jobs}</scan:Jobs></scan:ScannerStatus>"
    )
}
