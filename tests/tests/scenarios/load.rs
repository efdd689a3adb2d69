//! `load` takes a firm's own export, or refuses it whole.

use anyhow::Result;
use tests::{Answer, World, on_every_engine};

use crate::fixtures::{Books, count, expect_one_line, load_october, run_october};

/// Writes the files as they are and loads them; what is not among them is said to be empty.
async fn load(world: &World, files: &[(&str, &[u8])], flags: &[&str]) -> Result<Answer> {
    let relations = common::contract::RELATIONS
        .iter()
        .map(|relation| relation.name);
    let is_given = |name: &&str| files.iter().any(|(file, _)| *file == format!("{name}.csv"));
    let empty = relations.filter(|name| !is_given(name));
    let flags = flags.iter().copied();
    let flags: Vec<&str> = flags
        .chain(empty.flat_map(|name| ["--empty", name]))
        .collect();
    load_only(world, files, &flags).await
}

/// Writes the files as they are and loads them.
async fn load_only(world: &World, files: &[(&str, &[u8])], flags: &[&str]) -> Result<Answer> {
    let directory = world.path("export");
    if directory.exists() {
        std::fs::remove_dir_all(&directory)?;
    }
    std::fs::create_dir(&directory)?;
    for (name, content) in files {
        std::fs::write(directory.join(name), content)?;
    }
    let directory = directory.to_string_lossy().into_owned();
    let arguments = ["load", &directory]
        .into_iter()
        .chain(flags.iter().copied());
    world.enqueuer(arguments).run().await
}

async fn holder_names(world: &World) -> Result<Vec<String>> {
    let rows = world
        .texts("SELECT holder_name FROM statement_accounts ORDER BY account_id")
        .await?;
    Ok(rows.into_iter().flatten().flatten().collect())
}

const ACCOUNTS: &str = "statement_accounts.csv";
const HEADER: &str =
    "account_id,account_no,holder_name,language,base_currency,electronic_delivery,opened_on\n";

fn account(id: &str, holder: &str) -> String {
    format!("{id},1,{holder},ja,JPY,1,2020-01-01\n")
}

on_every_engine! {
    async fn a_byte_order_mark_is_no_part_of_the_first_column(world: &World) {
        let text = format!("\u{feff}{HEADER}{}", account("A1", "山田太郎")).replace('\n', "\r\n");
        load(world, &[(ACCOUNTS, text.as_bytes())], &[]).await?.expect(0)?;
        assert_eq!(holder_names(world).await?, ["山田太郎"]);
        Ok(())
    }
}

on_every_engine! {
    async fn shift_jis_is_read_when_asked_for(world: &World) {
        // 山田太郎, then 表示 and ソ whose second byte is a backslash.
        let name = b"\x8e\x52\x93\x63\x91\xbe\x98\x59\x95\x5c\x8e\xa6\x83\x5c";
        let mut text = HEADER.as_bytes().to_vec();
        text.extend(b"A1,1,");
        text.extend(name);
        text.extend(b",ja,JPY,1,2020-01-01\r\n");
        let refused = load(world, &[(ACCOUNTS, &text)], &[]).await?;
        expect_one_line(refused, 65, &[ACCOUNTS, "line 2", "column holder_name", "--encoding cp932"])?;
        load(world, &[(ACCOUNTS, &text)], &["--encoding", "cp932"]).await?.expect(0)?;
        assert_eq!(holder_names(world).await?, ["山田太郎表示ソ"]);
        Ok(())
    }
}

on_every_engine! {
    async fn a_missing_file_is_an_empty_table_when_told_so(world: &World) {
        let text = format!("{HEADER}{}{}", account("A1", "=1+1"), account("A2", "\"a, \"\"b\"\"\""));
        let answer = load(world, &[(ACCOUNTS, text.as_bytes())], &[]).await?.expect(0)?;
        assert!(answer.stdout.contains("no file, as told: empty"), "{}", answer.stdout);
        assert_eq!(holder_names(world).await?, ["=1+1", "a, \"b\""]);
        for relation in common::contract::RELATIONS.iter().skip(1) {
            assert_eq!(count(world, &format!("SELECT count(*) FROM {}", relation.name)).await?, 0);
        }
        let absent = "SELECT count(*) FROM statement_accounts WHERE postal_address IS NULL AND closed_on IS NULL";
        assert_eq!(count(world, absent).await?, 2, "empty is null");
        world.enqueuer(["check"]).run().await?.expect(0)?;
        let run = run_october(world).await?.expect(0)?.json()?;
        assert_eq!(run["due"], 0, "{run}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_missing_file_is_refused_unless_told(world: &World) {
        let text = format!("{HEADER}{}", account("A1", "A"));
        let refused = load_only(world, &[(ACCOUNTS, text.as_bytes()), ("trades.csv", b"")], &[]).await?;
        expect_one_line(refused, 65, &["no statement_trades.csv", "rename \"trades.csv\"", "--empty statement_trades"])?;
        assert!(world.texts("SELECT account_id FROM statement_accounts").await.is_err(), "half loaded");
        let wrong = load(world, &[(ACCOUNTS, text.as_bytes())], &["--empty", "statement_accounts"]).await?;
        expect_one_line(wrong, 78, &["statement_accounts.csv is there"])
    }
}

on_every_engine! {
    async fn dates_with_the_year_first_are_read(world: &World) {
        let text = format!("{HEADER}A1,1,A,ja,JPY,1,2020/1/5\nA2,2,B,ja,JPY,1,2020/01/06\n");
        load(world, &[(ACCOUNTS, text.as_bytes())], &[]).await?.expect(0)?;
        let days = world.texts("SELECT CAST(opened_on AS text) FROM statement_accounts ORDER BY account_id").await?;
        assert_eq!(days.concat(), [Some("2020-01-05".to_owned()), Some("2020-01-06".to_owned())]);
        Ok(())
    }
}

on_every_engine! {
    async fn relations_of_somebody_else_are_never_touched(world: &World) {
        world.execute("CREATE TABLE statement_trades (precious text); INSERT INTO statement_trades VALUES ('gold')").await?;
        let text = format!("{HEADER}{}", account("A1", "A"));
        for flags in [&[][..], &["--replace"]] {
            let refused = load(world, &[(ACCOUNTS, text.as_bytes())], flags).await?;
            expect_one_line(refused, 78, &["statement_trades", "did not create", "another DATABASE_URL"])?;
        }
        let demo = world.enqueuer(["demo", "--accounts", "10", "--replace"]).run().await?.expect(78)?;
        assert!(demo.stderr.contains("did not create"), "{}", demo.stderr);
        let kept = world.texts("SELECT precious FROM statement_trades").await?;
        assert_eq!(kept, [[Some("gold".to_owned())]]);
        assert!(world.texts("SELECT account_id FROM statement_accounts").await.is_err(), "half loaded");
        Ok(())
    }
}

on_every_engine! {
    async fn own_relations_are_replaced_only_when_asked_for(world: &World) {
        let with = |holder: &str| format!("{HEADER}{}", account("A1", holder));
        load(world, &[(ACCOUNTS, with("first").as_bytes())], &[]).await?.expect(0)?;
        let refused = load(world, &[(ACCOUNTS, with("second").as_bytes())], &[]).await?;
        expect_one_line(refused, 78, &["--replace"])?;
        assert_eq!(holder_names(world).await?, ["first"]);
        load(world, &[(ACCOUNTS, with("second").as_bytes())], &["--replace"]).await?.expect(0)?;
        assert_eq!(holder_names(world).await?, ["second"]);
        Ok(())
    }
}

on_every_engine! {
    async fn an_error_leaves_the_old_data(world: &World) {
        load_october(world, 2).await?;
        let before = holder_names(world).await?;
        let good = format!("{HEADER}{}", account("B1", "new"));
        let books = Books::of_october(["B1"])?;
        let row = books.trades.lines().nth(1).unwrap_or_default();
        let header = books.trades.lines().next().unwrap_or_default();
        let twice = format!("{header}\n{row}\n{row}\n");
        let spoilt = |from: &str, to: &str| format!("{header}\n{row}\n{}\n", row.replace("T2026-10-0", "T2").replace(from, to));
        let cases: [(&str, String, &[&str]); 7] = [
            ("statement_trades.csv", spoilt("2026-10-05", "05/10/2026"), &["line 3", "column trade_date", "year last", "write YYYY-MM-DD"]),
            ("statement_trades.csv", spoilt(",1000,", ",1e3,"), &["line 3", "column gross_amount", "\"1e3\" is not a decimal"]),
            ("statement_trades.csv", spoilt(",buy,", ",Buy,"), &["line 3", "column side", "write buy, sell"]),
            ("statement_trades.csv", spoilt(",0,0,0,", ",0,0,"), &["line 3", "17 fields", "18"]),
            ("statement_trades.csv", format!("{header},profit\n{row},1\n"), &["line 1", "\"profit\" is not in the contract"]),
            ("statement_trades.csv", twice, &["statement_trades.csv line 3: account_id \"B1\", trade_id", "is already in line 2"]),
            ("statement_trade.csv", format!("{header}\n"), &["\"statement_trade.csv\"", "rename it to one of", "did you mean statement_trades.csv?"]),
        ];
        for (name, text, words) in cases {
            let files: [(&str, &[u8]); 2] = [(ACCOUNTS, good.as_bytes()), (name, text.as_bytes())];
            let refused = load(world, &files, &["--replace"]).await?;
            expect_one_line(refused, 65, words)?;
            assert_eq!(holder_names(world).await?, before, "{words:?}");
            assert_eq!(count(world, "SELECT count(*) FROM statement_trades").await?, 3, "{words:?}");
        }
        // What is there still makes a month end.
        run_october(world).await?.expect(0)?;
        assert_eq!(world.published()?.len(), 4);
        Ok(())
    }
}

on_every_engine! {
    async fn a_directory_that_is_none_is_named(world: &World) {
        let nowhere = world.enqueuer(["load", "nowhere"]).run().await?;
        expect_one_line(nowhere, 78, &["nowhere cannot be read", "there is no such directory"])?;
        let empty = load(world, &[("notes.txt", b"")], &[]).await?;
        expect_one_line(empty, 65, &["none of the contract's files", ACCOUNTS])?;
        let encoding = load(world, &[(ACCOUNTS, HEADER.as_bytes())], &["--encoding", "euc-jp"]).await?;
        expect_one_line(encoding, 78, &["\"euc-jp\"", "utf-8 or cp932"])
    }
}
