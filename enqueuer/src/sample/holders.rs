//! Who the customers are: names, addresses, account numbers. All made up; what they have in common with real people
//! is chance.

use common::statement::Language;
use fastrand::Rng;
use jiff::ToSpan;
use jiff::civil::Date;

use super::calendar::Month;
use super::planted::{Plant, Trouble};
use super::rows::Account;

const SURNAMES: [&str; 32] = [
    "佐藤",
    "鈴木",
    "高橋",
    "田中",
    "伊藤",
    "渡辺",
    "山本",
    "中村",
    "小林",
    "加藤",
    "吉田",
    "山田",
    "佐々木",
    "山口",
    "松本",
    "井上",
    "木村",
    "林",
    "斎藤",
    "清水",
    "山崎",
    "森",
    "池田",
    "橋本",
    "阿部",
    "石川",
    "長谷川",
    "五十嵐",
    "髙田",
    "渡邉",
    "東海林",
    "勅使河原",
];
const GIVEN_NAMES: [&str; 32] = [
    "太郎",
    "花子",
    "健一",
    "美咲",
    "翔太",
    "陽子",
    "大輔",
    "由美子",
    "拓也",
    "さくら",
    "誠",
    "恵",
    "直樹",
    "智子",
    "隆",
    "久美子",
    "浩二",
    "真理",
    "亮",
    "明日香",
    "蓮",
    "葵",
    "悠真",
    "結衣",
    "一郎",
    "千代",
    "修",
    "節子",
    "ひなた",
    "えりか",
    "マリア",
    "龍之介",
];
const COMPANIES: [&str; 8] = [
    "青葉商事",
    "みなと食品",
    "北斗精機",
    "さつき不動産",
    "日の出運輸",
    "白樺メディカル",
    "ＫＴテクノロジーズ",
    "大和田醸造",
];
const ENGLISH_NAMES: [&str; 16] = [
    "James Anderson",
    "Emily O'Connor",
    "Wei Zhang",
    "Priya Sharma",
    "Lukas Müller",
    "Chloé Dubois",
    "Michael Brown",
    "Sofia Rossi",
    "Daniel Kim",
    "Hannah Schmidt",
    "Carlos Fernández",
    "Grace Tan",
    "Oliver Smith",
    "Anna Kowalska",
    "Noah Williams",
    "Zoë van Dijk",
];
/// Postcode, place in Japanese, place in English.
const PLACES: [(&str, &str, &str); 14] = [
    (
        "100-0005",
        "東京都千代田区丸の内",
        "Marunouchi, Chiyoda-ku, Tokyo",
    ),
    (
        "106-0045",
        "東京都港区麻布十番",
        "Azabu-Juban, Minato-ku, Tokyo",
    ),
    (
        "150-0001",
        "東京都渋谷区神宮前",
        "Jingumae, Shibuya-ku, Tokyo",
    ),
    (
        "158-0094",
        "東京都世田谷区玉川",
        "Tamagawa, Setagaya-ku, Tokyo",
    ),
    (
        "180-0004",
        "東京都武蔵野市吉祥寺本町",
        "Kichijoji-Honcho, Musashino-shi, Tokyo",
    ),
    (
        "231-0023",
        "神奈川県横浜市中区山下町",
        "Yamashita-cho, Naka-ku, Yokohama-shi, Kanagawa",
    ),
    (
        "330-0854",
        "埼玉県さいたま市大宮区桜木町",
        "Sakuragi-cho, Omiya-ku, Saitama-shi, Saitama",
    ),
    (
        "460-0008",
        "愛知県名古屋市中区栄",
        "Sakae, Naka-ku, Nagoya-shi, Aichi",
    ),
    (
        "530-0001",
        "大阪府大阪市北区梅田",
        "Umeda, Kita-ku, Osaka-shi, Osaka",
    ),
    (
        "600-8216",
        "京都府京都市下京区東塩小路町",
        "Higashi-Shiokoji-cho, Shimogyo-ku, Kyoto-shi, Kyoto",
    ),
    (
        "650-0021",
        "兵庫県神戸市中央区三宮町",
        "Sannomiya-cho, Chuo-ku, Kobe-shi, Hyogo",
    ),
    (
        "060-0042",
        "北海道札幌市中央区大通西",
        "Odori-nishi, Chuo-ku, Sapporo-shi, Hokkaido",
    ),
    (
        "810-0001",
        "福岡県福岡市中央区天神",
        "Tenjin, Chuo-ku, Fukuoka-shi, Fukuoka",
    ),
    (
        "980-0811",
        "宮城県仙台市青葉区一番町",
        "Ichiban-cho, Aoba-ku, Sendai-shi, Miyagi",
    ),
];
const BUILDINGS: [(&str, &str); 4] = [
    ("コーポ青空", "Corpo Aozora"),
    ("グランドメゾン桜", "Grand Maison Sakura"),
    ("パークタワー", "Park Tower"),
    ("第２ひまわり荘", "Himawari-so No. 2"),
];
const BRANCHES: [u32; 6] = [101, 123, 205, 318, 402, 777];

pub fn account_id(index: u32) -> String {
    format!("A{index:04}")
}

/// The account of an index, counted from 1.
pub fn account(index: u32, plant: Option<Plant>, month: &Month, rng: &mut Rng) -> Account {
    let trouble = plant.map(|plant| plant.trouble);
    let language = if rng.u32(..8) == 0 {
        Language::En
    } else {
        Language::Ja
    };
    let holder_name = holder_name(language, rng);
    let address = postal_address(language, rng);
    let opened_on = opened_on(month, rng);
    let newly_opened = rng.u32(..50) == 0 && plant.is_none();
    let opened_lately = month.days[rng.usize(..=month.days.len() / 3)];
    Account {
        id: account_id(index),
        no: format!("{:03}-{index:07}", pick(&BRANCHES, rng)),
        holder_name: plant
            .and_then(|plant| plant.name)
            .map_or(holder_name, str::to_owned),
        postal_address: (rng.u32(..40) != 0).then_some(address),
        language,
        consented: trouble != Some(Trouble::NoConsent),
        rollout_group: (rng.u32(..20) == 0).then_some("pilot"),
        opened_on: if newly_opened {
            opened_lately
        } else {
            opened_on
        },
        closed_on: (trouble == Some(Trouble::ClosedBeforePeriod))
            .then(|| month.opening.first_of_month().saturating_add(9.days())),
    }
}

pub fn pick<T: Copy>(values: &[T], rng: &mut Rng) -> T {
    values[rng.usize(..values.len())]
}

/// Some months to some twenty years before the period.
fn opened_on(month: &Month, rng: &mut Rng) -> Date {
    month.opening.saturating_sub(rng.i32(90..7_000).days())
}

fn holder_name(language: Language, rng: &mut Rng) -> String {
    match language {
        Language::En => pick(&ENGLISH_NAMES, rng).to_owned(),
        Language::Ja if rng.u32(..30) == 0 => format!("株式会社{}", pick(&COMPANIES, rng)),
        Language::Ja => format!("{}　{}", pick(&SURNAMES, rng), pick(&GIVEN_NAMES, rng)),
    }
}

fn postal_address(language: Language, rng: &mut Rng) -> String {
    let (postcode, japanese, english) = pick(&PLACES, rng);
    let block = format!("{}-{}-{}", rng.u32(1..=6), rng.u32(1..=28), rng.u32(1..=19));
    let flat = rng.bool().then(|| {
        (
            pick(&BUILDINGS, rng),
            rng.u32(1..=14) * 100 + rng.u32(1..=8),
        )
    });
    match (language, flat) {
        (Language::Ja, None) => format!("〒{postcode}　{japanese}{block}"),
        (Language::Ja, Some(((building, _), room))) => {
            format!("〒{postcode}　{japanese}{block}　{building}{room}号室")
        }
        (Language::En, None) => format!("{block} {english} {postcode}"),
        (Language::En, Some(((_, building), room))) => {
            format!("{building} {room}, {block} {english} {postcode}")
        }
    }
}
