//! What is wrong with a list of pages, so that whoever wrote it can put it right.

/// What is wrong with an index file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has no end yet, or was cut off.
    Unfinished,
    /// It is in no encoding known here, or too large to be a list.
    NoText,
    /// It is XML that cannot be read.
    NoXml,
    /// It refers to what only its DOCTYPE could say; that is not looked up.
    Entity,
    /// It names no image at all.
    NoPages,
    /// An entry names no image.
    NoPage,
    /// An entry names a file that is no image here.
    OtherFile,
    /// An entry names a path that leads out of its folder.
    PathOut,
    /// An entry says no letter, though others do.
    NoLetter,
    /// A page is named twice in one letter.
    PageTwice,
    /// A page is named in two letters.
    PageInTwoLetters,
}

impl Fault {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Unfinished,
        Self::NoText,
        Self::NoXml,
        Self::Entity,
        Self::NoPages,
        Self::NoPage,
        Self::OtherFile,
        Self::PathOut,
        Self::NoLetter,
        Self::PageTwice,
        Self::PageInTwoLetters,
    ];

    /// Stable.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unfinished => "unfinished",
            Self::NoText => "no_text",
            Self::NoXml => "no_xml",
            Self::Entity => "entity",
            Self::NoPages => "no_pages",
            Self::NoPage => "no_page",
            Self::OtherFile => "other_file",
            Self::PathOut => "path_out",
            Self::NoLetter => "no_letter",
            Self::PageTwice => "page_twice",
            Self::PageInTwoLetters => "page_in_two_letters",
        }
    }
}

/// Why an index file says nothing that can be relied on: the first fault in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear {
    /// What is wrong.
    pub fault: Fault,
    /// In which line, from 1, where one is to blame.
    pub line: Option<usize>,
    /// The page that it is about, where that has a plain file's name.
    pub page: Option<String>,
}

impl Unclear {
    pub(super) fn whole(fault: Fault) -> Self {
        Self {
            fault,
            line: None,
            page: None,
        }
    }

    pub(super) fn at(fault: Fault, line: usize) -> Self {
        Self {
            line: Some(line),
            ..Self::whole(fault)
        }
    }
}
