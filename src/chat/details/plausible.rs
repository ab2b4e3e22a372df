//! Whether a text could be an e-mail address, a phone number, a date, a currency. Plausible, not proven: who turns
//! away a real person loses more than who keeps a typo. The texts are expected without white space at their ends.

/// Codes of ISO 4217 in use, funds and metals left out.
const CURRENCIES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP \
    BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF \
    GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD \
    LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR \
    PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY \
    TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";
/// The longest address a mail server takes, in bytes.
const MAX_EMAIL: usize = 254;
/// The longest part before the `@`, in bytes.
const MAX_LOCAL: usize = 64;

/// `name@domain.tld`: letters of any script, no quoting, no bare host.
pub fn email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let in_local = |c: char| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-.".contains(c);
    text.len() <= MAX_EMAIL
        && local.len() <= MAX_LOCAL
        && local.chars().all(in_local)
        && !has_stray_dot(local)
        && host(domain)
}

fn host(domain: &str) -> bool {
    let label = |label: &str| {
        !label.starts_with('-') && !label.ends_with('-') && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let last = domain.rsplit('.').next().unwrap_or_default();
    domain.contains('.')
        && !has_stray_dot(domain)
        && domain.split('.').all(label)
        && last.chars().count() >= 2
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Dots at an end or side by side, or nothing at all.
fn has_stray_dot(text: &str) -> bool {
    text.split('.').any(str::is_empty)
}

/// 5 to 15 digits with the usual marks between them, `+` in front, an extension (`ext. 12`, `x12`) behind.
pub fn phone(text: &str) -> bool {
    let small = text.to_lowercase();
    let (number, extension) = match small.split_once('x') {
        Some((number, extension)) => {
            let number = number.strip_suffix('e').unwrap_or(number);
            (number, Some(extension.strip_prefix('t').unwrap_or(extension).trim_start_matches(['.', ' '])))
        }
        None => (small.as_str(), None),
    };
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let rest = number.trim().strip_prefix('+').unwrap_or(number);
    let marks = rest.chars().all(|c| c.is_ascii_digit() || " ()-./\u{a0}".contains(c));
    let extended = extension
        .is_none_or(|digits| (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()));
    (5..=15).contains(&digits) && marks && extended
}

/// `YYYY-MM-DD`, a day that exists.
pub fn date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return false;
    }
    let number = |part: &str| part.parse::<i16>().unwrap_or_default();
    let (year, month, day) = (number(&text[..4]), number(&text[5..7]), number(&text[8..]));
    let (Ok(month), Ok(day)) = (i8::try_from(month), i8::try_from(day)) else { return false };
    year > 0 && jiff::civil::Date::new(year, month, day).is_ok()
}

/// A code of ISO 4217 in capitals.
pub fn currency(text: &str) -> bool {
    text.len() == 3 && CURRENCIES.split_whitespace().any(|code| code == text)
}
