//! Documents served as they are: CRLs and the CA's certificates.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use bytes::Bytes;

/// One document. Times are seconds since 1970.
#[derive(Clone, Debug)]
pub struct Document {
    pub body: Bytes,
    pub content_type: String,
    /// With its quotes (RFC 9110, 8.8.3).
    pub etag: String,
    pub modified: u64,
    /// Until when a copy may be used.
    pub fresh_until: u64,
}

/// Documents by path; their number is bounded.
pub struct Documents {
    limit: usize,
    held: RwLock<BTreeMap<String, Arc<Document>>>,
}

impl Documents {
    pub fn new(limit: usize) -> Self {
        Documents { limit, held: RwLock::default() }
    }

    pub fn get(&self, path: &str) -> Option<Arc<Document>> {
        self.held.read().unwrap_or_else(|broken| broken.into_inner()).get(path).cloned()
    }

    /// Puts a document in place of what was there; false if there are too many.
    pub fn put(&self, path: String, document: Document) -> bool {
        let mut held = self.held.write().unwrap_or_else(|broken| broken.into_inner());
        if held.len() >= self.limit && !held.contains_key(&path) {
            return false;
        }
        held.insert(path, Arc::new(document));
        true
    }
}

impl Document {
    /// Whether a client has it already (RFC 9110, 13.2.2: If-None-Match goes before If-Modified-Since).
    pub fn known(&self, none_match: Option<&str>, modified_since: Option<u64>) -> bool {
        match none_match {
            Some(tags) => tags
                .split(',')
                .map(str::trim)
                .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.etag),
            None => modified_since.is_some_and(|since| self.modified <= since),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        Document {
            body: Bytes::new(),
            content_type: "a/b".into(),
            etag: "\"7\"".into(),
            modified: 100,
            fresh_until: 200,
        }
    }

    #[test]
    fn conditions() {
        let document = document();
        assert!(document.known(Some("\"6\", W/\"7\""), None));
        assert!(document.known(Some("*"), None));
        assert!(!document.known(Some("\"6\""), Some(1000)), "the tag goes first");
        assert!(document.known(None, Some(100)));
        assert!(!document.known(None, Some(99)));
        assert!(!document.known(None, None));
    }

    #[test]
    fn bounded() {
        let documents = Documents::new(1);
        assert!(documents.put("/a".into(), document()));
        assert!(!documents.put("/b".into(), document()));
        assert!(documents.put("/a".into(), document()), "replaced");
        assert!(documents.get("/b").is_none());
    }
}
