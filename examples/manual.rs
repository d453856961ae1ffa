//! `manual DIR`: the manual pages of every command (DIR/man) and the completions of three shells (DIR/completions), out of the command line's own
//! description. The package ships them.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use clap::CommandFactory as _;
use clap_complete::{Shell, generate_to};
use laixin::arguments::Arguments;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: manual DIR")?);
    let (man, completions) = (folder.join("man"), folder.join("completions"));
    fs::create_dir_all(&man)?;
    fs::create_dir_all(&completions)?;
    clap_mangen::generate_to(Arguments::command(), &man)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        for name in ["laixin", "laixin-admin"] {
            generate_to(shell, &mut Arguments::command(), name, &completions)?;
        }
    }
    Ok(())
}
