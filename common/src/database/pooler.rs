//! Poolers in transaction mode, such as PgBouncer: every transaction may come to another session of the server, so that a statement that
//! was prepared under a name is unknown there, or is somebody else's.

use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sqlx::{AnyConnection, Executor, Row};

use super::{Database, Whose, say_farewell, statement_failed};
use crate::dialect::Dialect;
use crate::{Error, Result};

/// How often two connections are asked for their sessions. A busy pooler could give each the same one by chance, hardly so often.
const ROUNDS: usize = 8;

/// One end of a connection as the other end sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ends {
    /// Of the client.
    address: IpAddr,
    port: u16,
    /// The server's port.
    server_port: u16,
}

/// Whether the server itself is at the other end, so that a session is ours for as long as the connection stands. `false` where it
/// cannot be told, as behind an address translation.
pub(crate) async fn is_direct(connection: &mut AnyConnection) -> sqlx::Result<bool> {
    const ENDS: &str = "SELECT host(inet_client_addr()), CAST(inet_client_port() AS text), CAST(inet_server_port() AS text)";
    let row = connection.fetch_one(ENDS).await?;
    let text = |n: usize| {
        row.try_get::<Option<String>, _>(n)
            .map(Option::unwrap_or_default)
    };
    let (address, port, server_port) = (text(0)?, text(1)?, text(2)?);
    let (Ok(address), Ok(port), Ok(server_port)) =
        (address.parse::<IpAddr>(), port.parse(), server_port.parse())
    else {
        return Ok(false);
    };
    let seen = Ends {
        address: address.to_canonical(),
        port,
        server_port,
    };
    Ok(own_ends().contains(&seen))
}

/// The ends of this process's TCP connections, from Linux's tables; elsewhere none.
fn own_ends() -> Vec<Ends> {
    let sockets = own_sockets();
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .into_iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| ends(&table, &sockets))
        .collect()
}

/// The inodes of this process's sockets.
fn own_sockets() -> HashSet<String> {
    let Ok(open) = fs::read_dir("/proc/self/fd") else {
        return HashSet::new();
    };
    open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|target| {
            let inode = target.to_str()?.strip_prefix("socket:[")?;
            Some(inode.strip_suffix(']')?.to_owned())
        })
        .collect()
}

/// The lines of such a table that are of these sockets.
fn ends(table: &str, sockets: &HashSet<String>) -> Vec<Ends> {
    let of_line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        sockets.contains(*fields.get(9)?).then_some(())?;
        let (address, port) = fields[1].split_once(':')?;
        let (_, server_port) = fields[2].split_once(':')?;
        Some(Ends {
            address: address_of(address)?.to_canonical(),
            port: u16::from_str_radix(port, 16).ok()?,
            server_port: u16::from_str_radix(server_port, 16).ok()?,
        })
    };
    table.lines().skip(1).filter_map(of_line).collect()
}

/// An address as Linux writes it: words of four bytes in the machine's order.
fn address_of(hex: &str) -> Option<IpAddr> {
    let mut bytes = Vec::with_capacity(16);
    for word in hex.as_bytes().chunks(8) {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    match bytes.len() {
        4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into()),
        16 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into()),
        _ => None,
    }
}

/// Refuses what is written to behind a pooler that cannot keep prepared statements apart: the ledger works with them.
pub(super) async fn refuse(database: &Database, connection: &mut AnyConnection) -> Result<()> {
    let failed = |reason| statement_failed("looking for a pooler", Whose::Ledger)(reason);
    if database.dialect == Dialect::Sqlite || is_direct(connection).await.map_err(failed)? {
        return Ok(());
    }
    let mut other = database.connect(false).await?;
    let shares = share_sessions(connection, &mut other)
        .await
        .map_err(failed)?;
    let is_usable = !shares || prepare(connection, &mut other).await;
    say_farewell(other).await;
    if is_usable {
        return Ok(());
    }
    Err(Error::config(format!(
        "{} is behind a pooler in transaction mode (PgBouncer?) that mixes up prepared statements: give a URL of the server itself, of a pool \
         in session mode, or raise max_prepared_statements there (PgBouncer 1.21 or newer); only SOURCE_DATABASE_URL may lead to such a pooler",
        database.url
    )))
}

/// Whether two connections come to each other's sessions, or one to several.
async fn share_sessions(one: &mut AnyConnection, other: &mut AnyConnection) -> sqlx::Result<bool> {
    const SESSION: &str = "SELECT CAST(pg_backend_pid() AS text)";
    let mut first = None;
    for _ in 0..ROUNDS {
        let mut sessions = Vec::with_capacity(2);
        for connection in [&mut *one, &mut *other] {
            let row = connection.fetch_one(SESSION).await?;
            sessions.push(row.try_get::<String, _>(0)?);
        }
        // Each has one of its own, and the same one as before.
        if sessions[0] == sessions[1] || *first.get_or_insert(sessions.clone()) != sessions {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether prepared statements work all the same: some poolers keep them apart.
async fn prepare(one: &mut AnyConnection, other: &mut AnyConnection) -> bool {
    for _ in 0..ROUNDS {
        for connection in [&mut *one, &mut *other] {
            let answer = sqlx::query_scalar("SELECT CAST($1 AS text)").bind("x");
            let answer: sqlx::Result<String> = answer.fetch_one(&mut *connection).await;
            if answer.is_err() {
                // What was prepared stays in the pooler's session, most likely the next one that is given out.
                let _ = connection.execute("DEALLOCATE ALL").await;
                return false;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_endian = "little")]
    #[test]
    fn ends_are_read_from_linux_tables() {
        let tcp = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                   0: 0100007F:9C4F 0100007F:1538 01 00000000:00000000 00:00000000 00000000     0        0 4711 1 0\n   \
                   1: 0100007F:9C50 0100007F:1538 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0\n";
        let tcp6 = "  sl  local_address                         remote_address\n   \
                    0: 0000000000000000FFFF00000100007F:9C51 0000000000000000FFFF00000100007F:1538 01 00000000:00000000 00:00000000 00000000 0 0 4713 1\n   \
                    1: B80D0120000000000000000001000000:9C52 B80D0120000000000000000002000000:1538 01 00000000:00000000 00:00000000 00000000 0 0 4714 1\n";
        let end = |address: &str, port| Ends {
            address: address.parse().unwrap(),
            port,
            server_port: 5432,
        };
        let sockets: HashSet<String> = ["4711", "4713", "4714"].map(str::to_owned).into();
        assert_eq!(ends(tcp, &sockets), [end("127.0.0.1", 40015)]);
        assert_eq!(
            ends(tcp6, &sockets),
            [end("127.0.0.1", 40017), end("2001:db8::1", 40018)]
        );
        assert_eq!(ends("no table", &sockets), []);
    }
}
