//! The texts of licences.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::Result;

/// Of licences that packages name without having their text.
pub const APACHE: &str = include_str!("../../../../LICENSE");
pub const MIT: &str = include_str!("mit.txt");

/// Every text about licences and copyright that a package has at its root, or in a folder for them.
pub fn license_texts(directory: &Path) -> Result<Vec<String>> {
    let is_about_it = |path: &Path| {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let words = [
            "license",
            "licence",
            "copying",
            "copyright",
            "notice",
            "unlicense",
        ];
        words.iter().any(|word| name.starts_with(word))
    };
    let entries = |directory: &Path| -> io::Result<Vec<PathBuf>> {
        fs::read_dir(directory)?
            .map(|entry| Ok(entry?.path()))
            .collect()
    };
    let mut files = Vec::new();
    for path in entries(directory)?
        .into_iter()
        .filter(|path| is_about_it(path))
    {
        if path.is_dir() {
            files.extend(entries(&path)?.into_iter().filter(|path| path.is_file()));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
        .iter()
        .map(|file| {
            Ok(String::from_utf8_lossy(&fs::read(file)?)
                .trim()
                .replace('\r', ""))
        })
        .collect()
}

/// The text of a licence that a package names only.
pub fn usual_text(name: &str, license: &str) -> Result<String> {
    match license {
        _ if license.contains("Apache-2.0") => Ok(APACHE.trim().to_owned()),
        _ if license.contains("MIT") => {
            Ok(MIT
                .trim()
                .replacen("HOLDERS", &format!("the authors of {name}"), 1))
        }
        _ => Err(
            format!("{name} has no text of its licence {license}: find out what it asks for")
                .into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_without_a_text_has_the_usual_one_or_is_an_error() {
        assert!(
            usual_text("a", "MIT OR Apache-2.0").is_ok_and(|text| text.contains("Apache License"))
        );
        assert!(usual_text("a", "MIT").is_ok_and(|text| text.contains("the authors of a")));
        assert!(usual_text("a", "EPL-2.0").is_err());
    }
}
