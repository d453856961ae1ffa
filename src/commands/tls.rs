//! `laixin tls …`: certificates made on the machine, for offices without an authority of their own. Nothing is asked of any network.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use sha2::{Digest, Sha256};

use super::{FINDING, GOOD};
use crate::{Chain, clock, digest};

/// `laixin tls`
#[derive(Debug, Args)]
pub struct TlsArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The station's own certificate and key; prints what to set and what browsers will show.
    New {
        /// Names and addresses by which other machines reach the station.
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        #[command(flatten)]
        to: To,
    },
    /// Certificates for case systems, and the authority that signs them; the authority is kept for the next time.
    Client {
        /// Names of the case systems.
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        #[command(flatten)]
        to: To,
    },
}

#[derive(Debug, Args)]
struct To {
    /// The folder to write into.
    #[arg(long, value_name = "DIR", default_value = "/etc/laixin/tls")]
    out: PathBuf,
    /// Valid for so many years.
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u8).range(1..=20))]
    years: u8,
}

/// Why no certificate was made.
#[derive(Debug, thiserror::Error)]
enum MakeError {
    #[error("{} is there already: move it away first, or name another --out", path.display())]
    There { path: PathBuf },
    #[error("{} cannot be written", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("a certificate cannot be made")]
    Make(#[from] rcgen::Error),
}

const AUTHORITY: &str = "client-authority";

/// Runs the command.
pub fn run(args: &TlsArgs) -> u8 {
    let done = match &args.what {
        What::New { names, to } => own(names, to),
        What::Client { names, to } => clients(names, to),
    };
    match done {
        Ok(()) => GOOD,
        Err(error) => {
            eprintln!("laixin: {}", Chain(&error));
            FINDING
        }
    }
}

fn valid(params: &mut CertificateParams, years: u8) {
    let today = clock::now().zoned().date();
    let day = u8::try_from(today.day()).unwrap_or(1).min(28);
    let month = u8::try_from(today.month()).unwrap_or(1);
    params.not_before = date_time_ymd(today.year().into(), month, day);
    params.not_after = date_time_ymd(i32::from(today.year()) + i32::from(years), month, day);
}

fn own(names: &[String], to: &To) -> Result<(), MakeError> {
    let mut params = CertificateParams::new(names.to_vec())?;
    params
        .distinguished_name
        .push(DnType::CommonName, names[0].as_str());
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    valid(&mut params, to.years);
    let key = KeyPair::generate()?;
    let made = params.self_signed(&key)?;
    let (certificate, key_file) = (to.out.join("station.pem"), to.out.join("station.key"));
    write(&key_file, &key.serialize_pem(), 0o600)?;
    write(&certificate, &made.pem(), 0o644)?;
    println!(
        "[http]\ncertificate = {:?}\nkey = {:?}",
        certificate, key_file
    );
    println!(
        "# SHA-256 {}: compare it when a browser first asks\n# give the key to the user that runs the station: chown laixin {key_file:?}",
        print_of(made.der())
    );
    Ok(())
}

fn authority_params(years: u8) -> Result<CertificateParams, MakeError> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "laixin case systems");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut params, years);
    Ok(params)
}

/// The authority of an earlier call where there is one.
fn authority(to: &To) -> Result<KeyPair, MakeError> {
    let (certificate, key_file) = (
        to.out.join(format!("{AUTHORITY}.pem")),
        to.out.join(format!("{AUTHORITY}.key")),
    );
    if let Ok(text) = fs::read_to_string(&key_file) {
        return Ok(KeyPair::from_pem(&text)?);
    }
    let key = KeyPair::generate()?;
    let made = authority_params(to.years)?.self_signed(&key)?;
    write(&key_file, &key.serialize_pem(), 0o600)?;
    write(&certificate, &made.pem(), 0o644)?;
    println!("[http]\nclient_authority = {certificate:?}");
    Ok(key)
}

fn clients(names: &[String], to: &To) -> Result<(), MakeError> {
    let issuer = Issuer::new(authority_params(to.years)?, authority(to)?);
    for name in names {
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        params
            .distinguished_name
            .push(DnType::CommonName, name.as_str());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        valid(&mut params, to.years);
        let key = KeyPair::generate()?;
        let made = params.signed_by(&key, &issuer)?;
        let stem: String = name
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '-' })
            .collect();
        let (certificate, key_file) = (
            to.out.join(format!("{stem}.pem")),
            to.out.join(format!("{stem}.key")),
        );
        write(&key_file, &key.serialize_pem(), 0o600)?;
        write(&certificate, &made.pem(), 0o644)?;
        println!(
            "# {name}: give {certificate:?} and {key_file:?} to it, and delete the key here afterwards"
        );
    }
    Ok(())
}

/// Never over an old one: somebody may rely on it.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), MakeError> {
    let failed = |source| MakeError::Write {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    let mut file = match opened {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(MakeError::There {
                path: path.to_owned(),
            });
        }
        opened => opened.map_err(failed)?,
    };
    file.write_all(text.as_bytes()).map_err(failed)
}

fn print_of(der: &[u8]) -> String {
    let pairs: Vec<String> = Sha256::digest(der)
        .iter()
        .map(|byte| digest::hex(&[*byte]).to_uppercase())
        .collect();
    pairs.join(":")
}
