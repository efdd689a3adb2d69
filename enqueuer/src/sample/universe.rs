//! What the sample's customers hold and trade: real codes and names, prices near those of January 2026.

use super::securities::{
    AssetClass, Currency, Security, bond, etf, fund, growth, listed, prime, standard, us,
};

pub static EQUITIES: [Security; 40] = [
    prime("7203", "トヨタ自動車", 3_350),
    prime("6758", "ソニーグループ", 3_900),
    prime("9984", "ソフトバンクグループ", 4_250),
    prime("8306", "三菱ＵＦＪフィナンシャル・グループ", 2_650),
    prime("8316", "三井住友フィナンシャルグループ", 5_300),
    prime("9432", "ＮＴＴ", 157),
    prime("9433", "ＫＤＤＩ", 2_680),
    prime("9434", "ソフトバンク", 214),
    prime("6861", "キーエンス", 57_500),
    prime("8035", "東京エレクトロン", 38_200),
    prime("6501", "日立製作所", 5_050),
    prime("6098", "リクルートホールディングス", 8_900),
    prime("4063", "信越化学工業", 5_150),
    prime("7974", "任天堂", 10_600),
    prime("7267", "本田技研工業", 1_560),
    prime("7011", "三菱重工業", 4_150),
    prime("2914", "日本たばこ産業", 5_650),
    prime("8058", "三菱商事", 3_850),
    prime("9983", "ファーストリテイリング", 59_800),
    prime("3382", "セブン＆アイ・ホールディングス", 2_190),
    prime("4661", "オリエンタルランド", 2_870),
    prime("4755", "楽天グループ", 975),
    prime("4689", "ＬＩＮＥヤフー", 412),
    prime("5401", "日本製鉄", 648),
    prime("9101", "日本郵船", 5_080),
    prime("8766", "東京海上ホールディングス", 5_780),
    prime(
        "8725",
        "ＭＳ＆ＡＤインシュアランスグループホールディングス",
        3_720,
    ),
    prime("9202", "ＡＮＡホールディングス", 2_960),
    prime("7751", "キヤノン", 4_620),
    prime("285A", "キオクシアホールディングス", 14_800),
    prime("167A", "リョーサン菱洋ホールディングス", 3_120),
    standard("2702", "日本マクドナルドホールディングス", 6_480),
    standard("6425", "ユニバーサルエンターテインメント", 815),
    standard("160A", "アズパートナーズ", 1_790),
    growth("5253", "カバー", 1_640),
    growth("130A", "Ｖｅｒｉｔａｓ　Ｉｎ　Ｓｉｌｉｃｏ", 622),
    growth("141A", "トライアルホールディングス", 3_060),
    growth("147A", "ソラコム", 1_085),
    growth("186A", "アストロスケールホールディングス", 905),
    growth("215A", "タイミー", 1_470),
];

/// Splits two for one within the period. Nobody trades it otherwise, so that its holders are those of the opening.
pub static SPLITTING: Security = prime("268A", "リガク・ホールディングス", 1_040);

pub static ETFS: [Security; 9] = [
    etf(
        "1306",
        "ＮＥＸＴ　ＦＵＮＤＳ　ＴＯＰＩＸ連動型上場投信",
        3_730,
    ),
    etf(
        "1321",
        "ＮＥＸＴ　ＦＵＮＤＳ　日経２２５連動型上場投信",
        54_300,
    ),
    etf(
        "1343",
        "ＮＥＸＴ　ＦＵＮＤＳ　東証ＲＥＩＴ　指数連動型上場投信",
        2_110,
    ),
    etf(
        "1489",
        "ＮＥＸＴ　ＦＵＮＤＳ　日経平均高配当株５０指数連動型上場投信",
        2_890,
    ),
    etf("1540", "純金上場信託（現物国内保管型）", 21_200),
    etf("1655", "ｉシェアーズ　Ｓ＆Ｐ　５００　米国株　ＥＴＦ", 792),
    etf(
        "2559",
        "ＭＡＸＩＳ全世界株式（オール・カントリー）上場投信",
        26_400,
    ),
    etf("133A", "グローバルＸ　超短期米国債　ＥＴＦ", 1_065),
    etf(
        "200A",
        "ＮＥＸＴ　ＦＵＮＤＳ　日経半導体株指数連動型上場投信",
        3_240,
    ),
];

pub static FUNDS: [Security; 8] = [
    fund(
        "0331418A",
        "ｅＭＡＸＩＳ　Ｓｌｉｍ　全世界株式（オール・カントリー）",
        33_650,
    ),
    fund(
        "03311187",
        "ｅＭＡＸＩＳ　Ｓｌｉｍ　米国株式（Ｓ＆Ｐ５００）",
        40_120,
    ),
    fund(
        "03312175",
        "ｅＭＡＸＩＳ　Ｓｌｉｍ　バランス（８資産均等型）",
        19_870,
    ),
    fund(
        "89311199",
        "ＳＢＩ・Ｖ・Ｓ＆Ｐ５００インデックス・ファンド",
        36_980,
    ),
    fund("9I312179", "楽天・全米株式インデックス・ファンド", 40_450),
    fund(
        "2931113C",
        "＜購入・換金手数料なし＞ニッセイ外国株式インデックスファンド",
        49_730,
    ),
    fund(
        "04311181",
        "ｉＦｒｅｅＮＥＸＴ　ＦＡＮＧ＋インデックス",
        81_200,
    ),
    fund("9C311125", "ひふみプラス", 78_560),
];

pub static YEN_BONDS: [Security; 4] = [
    bond(
        "003800067",
        "第３８０回利付国債（１０年）",
        9_612,
        170,
        50_000,
    ),
    bond(
        "001790045",
        "第１７９回利付国債（５年）",
        9_874,
        100,
        50_000,
    ),
    bond(
        "000639984",
        "ソフトバンクグループ株式会社第６３回無担保社債",
        10_041,
        298,
        1_000_000,
    ),
    bond(
        "000257203",
        "トヨタ自動車株式会社第２５回無担保社債",
        9_930,
        52,
        1_000_000,
    ),
];

/// Is paid back within the period. Bought at par when issued, never traded.
pub static MATURING: Security = bond(
    "001450041",
    "個人向け利付国債（固定・３年）第１４５回",
    10_000,
    5,
    10_000,
);

pub static US_BOND: Security = Security {
    currency: Currency::Usd,
    settles_after: 1,
    ..bond(
        "91282CNT4",
        "米国国債　４．２５％　２０３５年８月１５日満期",
        10_034,
        425,
        1_000,
    )
};

pub static US_SECURITIES: [Security; 10] = [
    us(AssetClass::Equity, "NASDAQ", "AAPL", "アップル", 25_940),
    us(
        AssetClass::Equity,
        "NASDAQ",
        "MSFT",
        "マイクロソフト",
        46_550,
    ),
    us(AssetClass::Equity, "NASDAQ", "NVDA", "エヌビディア", 18_690),
    us(
        AssetClass::Equity,
        "NASDAQ",
        "GOOGL",
        "アルファベット　クラスＡ",
        32_880,
    ),
    us(
        AssetClass::Equity,
        "NASDAQ",
        "AMZN",
        "アマゾン・ドット・コム",
        23_930,
    ),
    us(AssetClass::Equity, "NASDAQ", "TSLA", "テスラ", 43_510),
    us(AssetClass::Equity, "NYSE", "KO", "コカ・コーラ", 7_140),
    us(
        AssetClass::Equity,
        "NYSE",
        "JNJ",
        "ジョンソン・エンド・ジョンソン",
        21_470,
    ),
    us(
        AssetClass::Equity,
        "NYSE",
        "BRK.B",
        "バークシャー・ハサウェイ　クラスＢ",
        49_320,
    ),
    us(
        AssetClass::Etf,
        "NYSE Arca",
        "VTI",
        "バンガード・トータル・ストック・マーケットＥＴＦ",
        34_060,
    ),
];

/// Bought for an amount, in grams to six decimals.
pub static GOLD: Security = Security {
    class: AssetClass::Other,
    market: None,
    settles_after: 2,
    ..listed(
        AssetClass::Other,
        "",
        "GOLD",
        "純金積立（金地金）",
        24_300,
        1,
    )
};

/// Nobody quotes it.
pub static UNLISTED: Security = Security {
    market: None,
    unpriced: true,
    ..listed(
        AssetClass::Other,
        "",
        "0000012",
        "非上場株式（従業員持株）",
        1_500,
        100,
    )
};
