//! The firm's profile: who issues the statements. `STATEMENT_PROFILE` will choose another than the built-in one.

/// What of a statement is the firm's own.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Firm name in Japanese and English.
    pub firm_name: (&'static str, &'static str),
    /// Registration as a financial instruments business operator.
    pub registration: (&'static str, &'static str),
    /// Where to report errors.
    pub contact: (&'static str, &'static str),
}

/// The profile of a firm that has set none.
pub const BUILT_IN: Profile = Profile {
    firm_name: ("見本証券株式会社", "Mihon Securities Co., Ltd."),
    registration: (
        "金融商品取引業者 関東財務局長（金商）第0000号",
        "Financial Instruments Business Operator, Kanto Local Finance Bureau (Kinsho) No. 0000",
    ),
    contact: (
        "お客様センター 03-0000-0000（平日 9:00〜17:00）",
        "Customer centre +81-3-0000-0000 (weekdays 9:00-17:00)",
    ),
};

/// Identifies the profile that a document was made with.
pub const BUILT_IN_HASH: &str = "builtin-1";
