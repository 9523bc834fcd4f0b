//! How large a block of headers is, by the measure that HTTP/2 sets limits in.

use http::HeaderMap;

/// The sum of name, value and 32 for each entry (RFC 9113, section 6.5.2), `-bin` values as base64. Pseudo
/// headers are not in a map and not in the sum.
pub(crate) fn header_list_size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ENTRY_OVERHEAD).sum()
}

const ENTRY_OVERHEAD: usize = 32;

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn each_entry_counts_with_its_overhead() {
        let mut headers = HeaderMap::new();
        assert_eq!(header_list_size(&headers), 0);
        headers.append("ab", HeaderValue::from_static("cde"));
        headers.append("ab", HeaderValue::from_static(""));
        assert_eq!(header_list_size(&headers), 2 + 3 + 32 + 2 + 32);
    }
}
