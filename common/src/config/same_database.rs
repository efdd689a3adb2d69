//! Whether two URLs lead to the same database, however they are written.

use std::path::PathBuf;

use super::DatabaseUrl;

/// What makes a database another one.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    File(PathBuf),
    Server {
        host: String,
        port: String,
        name: String,
    },
}

impl DatabaseUrl {
    /// Whether both lead to one database: as which user and with which parameters makes no difference.
    pub fn is_same_database(&self, other: &DatabaseUrl) -> bool {
        self == other || self.place() == other.place()
    }

    fn place(&self) -> Place {
        let (url, parameters) = self.0.split_once('?').unwrap_or((&self.0, ""));
        if let Some(rest) = url.strip_prefix("sqlite:") {
            let path = PathBuf::from(rest.strip_prefix("//").unwrap_or(rest));
            let file = path.canonicalize().or_else(|_| std::path::absolute(&path));
            return Place::File(file.unwrap_or(path));
        }
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (authority, name) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, server) = authority.rsplit_once('@').unwrap_or(("", authority));
        let user = user.split(':').next().unwrap_or_default();
        let (host, port) = match server.rsplit_once(':') {
            // Not the middle of an IPv6 address.
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (server, ""),
        };
        let given = |names: &[&str], otherwise: &str| {
            let pairs = parameters
                .split('&')
                .filter_map(|pair| pair.split_once('='));
            let last = pairs.rev().find(|(name, _)| names.contains(name));
            last.map_or(otherwise, |(_, value)| value)
                .to_ascii_lowercase()
        };
        let or = |text: String, otherwise: &str| {
            if text.is_empty() {
                otherwise.to_owned()
            } else {
                text
            }
        };
        Place::Server {
            host: or(given(&["host", "hostaddr"], host), "localhost"),
            port: or(given(&["port"], port), "5432"),
            // Case counts in the name of a database.
            name: parameters
                .split('&')
                .find_map(|pair| pair.strip_prefix("dbname="))
                .or(Some(name).filter(|name| !name.is_empty()))
                .unwrap_or(user)
                .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        DatabaseUrl::new(one).is_same_database(&DatabaseUrl::new(other))
    }

    #[test]
    fn user_password_port_and_parameters_make_no_other_database() {
        let ledger = "postgres://export:secret@db.example/firm";
        for other in [
            ledger,
            "postgresql://reader@DB.example:5432/firm?sslmode=verify-full",
            "postgres://reader:p%40ss@db.example:5432/firm",
            "postgres://reader@elsewhere/firm?host=db.example",
            "postgres://firm@db.example",
            "postgres://x@db.example/y?dbname=firm",
        ] {
            assert!(same(ledger, other), "{other}");
        }
        for other in [
            "postgres://export:secret@replica.example/firm",
            "postgres://export:secret@db.example/export",
            "postgres://export:secret@db.example/FIRM",
            "postgres://export:secret@db.example:5433/firm",
            "sqlite://firm",
        ] {
            assert!(!same(ledger, other), "{other}");
        }
        assert!(same("postgres://a@[::1]:5432/b", "postgres://[::1]/b"));
    }

    #[test]
    fn a_file_is_one_by_whatever_path() {
        let directory = std::env::temp_dir().join(format!("same-database-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join("firm.db");
        std::fs::write(&file, "").unwrap();
        let link = directory.join("link.db");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let (file, link) = (file.display(), link.display());
        assert!(same(
            &format!("sqlite://{file}"),
            &format!("sqlite:{link}?mode=ro")
        ));
        assert!(!same(
            &format!("sqlite://{file}"),
            &format!("sqlite://{file}2")
        ));
        assert!(same("sqlite://nowhere.db", "sqlite:./nowhere.db"));
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
