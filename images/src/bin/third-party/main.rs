//! Writes what the images' binary is made of, for the images: `sbom.cdx.json` (CycloneDX) and `third-party.txt`, the licences of all that
//! is linked into it, with their texts as the packages have them.
//!
//!     third-party DIRECTORY TARGET [/usr/share/doc/DEBIAN_PACKAGE...]
//!
//! What only builds (build scripts, macros, tests) is not linked and not listed. Debian's packages are those whose libraries are linked
//! statically. A package without a licence that is known here is an error.

mod licences;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs, io};

use serde_json::{Value, json};

use licences::{APACHE, MIT, license_texts, usual_text};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Licences of what Debian's libraries are compiled from.
const OF_DEBIAN: [(&str, &str); 2] = [
    ("libc6", "LGPL-2.1-or-later"),
    ("libgcc", "GPL-3.0-or-later WITH GCC-exception-3.1"),
];

/// Something that is linked into the binary.
struct Component {
    name: String,
    version: String,
    purl: String,
    /// An SPDX expression.
    license: String,
    /// SHA-256 of the package as its registry gave it.
    checksum: Option<String>,
    texts: Vec<String>,
    depends_on: Vec<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let written = match &arguments[..] {
        [directory, target, debian @ ..] => write(Path::new(directory), target, debian),
        _ => Err("third-party DIRECTORY TARGET [/usr/share/doc/DEBIAN_PACKAGE...]".into()),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("third-party: {error}\n"));
            ExitCode::FAILURE
        }
    }
}

fn write(directory: &Path, target: &str, debian: &[String]) -> Result<()> {
    let (mut components, direct) = crates(target)?;
    components.push(rust()?);
    for package in debian {
        components.push(of_debian(package)?);
    }
    fs::create_dir_all(directory)?;
    let sbom = serde_json::to_string(&sbom(&components, &direct))?;
    fs::write(directory.join("sbom.cdx.json"), sbom + "\n")?;
    fs::write(directory.join("third-party.txt"), notices(&components))?;
    Ok(())
}

/// The crates that are linked into the binary, with SQLite, and the packages that our own crates depend on themselves.
fn crates(target: &str) -> Result<(Vec<Component>, Vec<String>)> {
    let linked = "tree --locked --package images --edges normal,no-proc-macro --prefix none --format {p} --target";
    let linked: BTreeSet<String> = cargo(linked, target)?
        .lines()
        .filter_map(|line| line.split_once(" v"))
        .filter_map(|(name, rest)| Some(format!("{name} {}", rest.split(' ').next()?)))
        .collect();
    let metadata = "metadata --format-version 1 --locked --filter-platform";
    let metadata: Value = serde_json::from_str(&cargo(metadata, target)?)?;
    let checksums = checksums(&fs::read_to_string("Cargo.lock")?);
    let mut names = BTreeMap::new();
    let mut found = Vec::new();
    for package in array(&metadata["packages"]) {
        let (name, version) = (text(&package["name"])?, text(&package["version"])?);
        let key = format!("{name} {version}");
        if linked.contains(&key) {
            names.insert(text(&package["id"])?, (purl(name, version), key));
            found.push(package);
        }
    }
    let depends_on = |id: &Value| -> Vec<String> {
        let nodes = array(&metadata["resolve"]["nodes"]);
        let node = nodes.iter().find(|node| node["id"] == *id);
        let of_node = node
            .map(|node| array(&node["dependencies"]))
            .unwrap_or_default();
        let purls = of_node.iter().filter_map(|id| names.get(id.as_str()?));
        purls.map(|(purl, _)| purl.clone()).collect()
    };
    let (mut components, mut direct) = (Vec::new(), BTreeSet::new());
    for package in &found {
        let (name, version) = (text(&package["name"])?, text(&package["version"])?);
        if package["source"].is_null() {
            direct.extend(depends_on(&package["id"]));
            continue;
        }
        let license = package["license"].as_str();
        let license = license.ok_or_else(|| format!("{name} {version} names no licence"))?;
        let license = license.replace('/', " OR ");
        let license: Vec<&str> = license.split_whitespace().collect();
        let license = license.join(" ");
        let manifest = PathBuf::from(text(&package["manifest_path"])?);
        let directory = manifest.parent().ok_or("a manifest without a directory")?;
        let mut texts = license_texts(directory)?;
        if texts.is_empty() {
            texts.push(usual_text(name, &license)?);
        }
        let (purl, key) = &names[text(&package["id"])?];
        components.push(Component {
            name: name.to_owned(),
            version: version.to_owned(),
            purl: purl.clone(),
            license,
            checksum: checksums.get(key).cloned(),
            texts,
            depends_on: depends_on(&package["id"]),
        });
        if name == "libsqlite3-sys" {
            components.push(sqlite(directory)?);
        }
    }
    if components.is_empty() {
        return Err("cargo lists nothing that is linked".into());
    }
    components.sort_by(|one, other| one.purl.cmp(&other.purl));
    let ours: BTreeSet<String> = found
        .iter()
        .filter(|package| package["source"].is_null())
        .filter_map(|package| Some(names[package["id"].as_str()?].0.clone()))
        .collect();
    Ok((components, direct.difference(&ours).cloned().collect()))
}

fn cargo(arguments: &str, target: &str) -> Result<String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo).args(arguments.split(' ')).arg(target))
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {said}").into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn purl(name: &str, version: &str) -> String {
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

fn text(value: &Value) -> Result<&str> {
    value
        .as_str()
        .ok_or_else(|| "cargo's metadata lack a text".into())
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// SHA-256 by name and version.
fn checksums(lock: &str) -> BTreeMap<String, String> {
    let value = |package: &str, key: &str| {
        let lines = package.lines();
        let mut values = lines.filter_map(|line| line.strip_prefix(&format!("{key} = \"")));
        values
            .next()
            .map(|rest| rest.trim_end_matches('"').to_owned())
    };
    let packages = lock.split("[[package]]");
    let known = packages.filter_map(|package| {
        let key = format!("{} {}", value(package, "name")?, value(package, "version")?);
        Some((key, value(package, "checksum")?))
    });
    known.collect()
}

/// What libsqlite3-sys compiles: SQLite itself, which is in the public domain.
fn sqlite(directory: &Path) -> Result<Component> {
    let header = fs::read_to_string(directory.join("sqlite3/sqlite3.h"))?;
    let version = header
        .lines()
        .find_map(|line| line.strip_prefix("#define SQLITE_VERSION"));
    let version = version
        .ok_or("sqlite3.h has no version")?
        .trim()
        .trim_matches('"');
    Ok(Component {
        name: "sqlite".to_owned(),
        version: version.to_owned(),
        purl: format!("pkg:generic/sqlite@{version}"),
        license: "blessing".to_owned(),
        checksum: None,
        texts: vec!["SQLite is in the public domain.".to_owned()],
        depends_on: Vec::new(),
    })
}

/// Rust's standard library, of the compiler that compiled this.
fn rust() -> Result<Component> {
    let said = run(Command::new("rustc").arg("--version"))?;
    let version = said.split(' ').nth(1).ok_or("rustc has no version")?;
    Ok(Component {
        name: "rust-std".to_owned(),
        version: version.to_owned(),
        purl: format!("pkg:generic/rust-std@{version}"),
        license: "MIT OR Apache-2.0".to_owned(),
        checksum: None,
        texts: vec![
            APACHE.trim().to_owned(),
            MIT.trim()
                .replacen("HOLDERS", "The Rust Project Contributors", 1),
        ],
        depends_on: Vec::new(),
    })
}

/// A library of Debian's that is linked statically, by the directory of its documents.
fn of_debian(documents: &str) -> Result<Component> {
    let package = documents.rsplit('/').next().unwrap_or_default();
    let known = OF_DEBIAN.iter().find(|(name, _)| package.starts_with(name));
    let (_, license) = known.ok_or_else(|| format!("nobody knows the licence of {package}"))?;
    let version = run(Command::new("dpkg-query").args(["-W", "-f", "${Version}", package]))?;
    let file = format!("{documents}/copyright");
    let copyright = fs::read_to_string(&file).map_err(|reason| format!("{file}: {reason}"))?;
    Ok(Component {
        name: package.to_owned(),
        purl: format!("pkg:deb/debian/{package}@{}", version.replace('+', "%2B")),
        version,
        license: (*license).to_owned(),
        checksum: None,
        texts: vec![copyright.trim().to_owned()],
        depends_on: Vec::new(),
    })
}

fn sbom(components: &[Component], direct: &[String]) -> Value {
    let own = "pkg:generic/statement-export";
    let listed: Vec<Value> = components
        .iter()
        .map(|it| {
            let mut component = json!({"type": "library", "bom-ref": it.purl, "name": it.name, "version": it.version,
                                       "licenses": [{"expression": it.license}], "purl": it.purl});
            if let Some(checksum) = &it.checksum {
                component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
            }
            component
        })
        .collect();
    let mut dependencies = vec![json!({"ref": own, "dependsOn": direct})];
    dependencies.extend(
        components
            .iter()
            .map(|it| json!({"ref": it.purl, "dependsOn": it.depends_on})),
    );
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": own, "name": "statement-export",
                                   "version": env!("CARGO_PKG_VERSION"), "licenses": [{"expression": "Apache-2.0"}]}},
        "components": listed,
        "dependencies": dependencies,
    })
}

/// Each text once, below all that it is of: as texts, by what differs but for line ends and blanks.
fn notices(components: &[Component]) -> String {
    let mut texts: BTreeMap<String, (&str, BTreeSet<String>)> = BTreeMap::new();
    for it in components {
        for text in &it.texts {
            let words: Vec<&str> = text.split_whitespace().collect();
            let of = &mut texts
                .entry(words.join(" "))
                .or_insert((text, BTreeSet::new()))
                .1;
            of.insert(format!("{} {} ({})", it.name, it.version, it.license));
        }
    }
    let mut notices = "What Statement Export's binary is made of besides its own code, each with its licence and the text of it.\n\
                       Statement Export is open source under Apache-2.0: whoever has another version of a library links it anew.\n"
        .to_owned();
    for (text, of) in texts.values() {
        let rule = "=".repeat(100);
        let of: Vec<&str> = of.iter().map(String::as_str).collect();
        let _ = write!(notices, "\n{rule}\n{}\n\n{text}\n", of.join("\n"));
    }
    notices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_by_name_and_version() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0\"\nchecksum = \"00\"\n\n[[package]]\nname = \"own\"\nversion = \"1.0\"\n";
        let known = checksums(lock);
        assert_eq!(known.len(), 1);
        assert_eq!(known["a 1.0"], "00");
    }

    #[test]
    fn a_text_stands_once_below_all_that_it_is_of() {
        let of = |name: &str, text: &str| Component {
            name: name.to_owned(),
            version: "1.0".to_owned(),
            purl: purl(name, "1.0"),
            license: "MIT".to_owned(),
            checksum: None,
            texts: vec![text.to_owned()],
            depends_on: Vec::new(),
        };
        let notices = notices(&[
            of("a", "Do what\nyou like."),
            of("b", "Do what you like. "),
            of("c", "Do not."),
        ]);
        assert_eq!(notices.matches("Do what").count(), 1, "{notices}");
        assert!(
            notices.contains("a 1.0 (MIT)\nb 1.0 (MIT)\n\nDo what"),
            "{notices}"
        );
        assert!(notices.contains("c 1.0 (MIT)\n\nDo not."), "{notices}");
    }
}
