//! XML, element by element, for the formats that are written in it.
//!
//! Names come without their prefixes, so that a prefix nobody declared does no harm. A file that brings definitions of
//! its own (a DTD, with which a few lines can unfold to gigabytes) is refused.

use super::raw::Fault;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::io::BufRead;

/// Elements within elements; no format that is read here goes deeper.
const DEEPEST: usize = 200;
/// The longest text of one element, in bytes; a polygon of ten million vertices.
const LONGEST: usize = 1 << 28;

/// An element that begins.
pub(super) struct Tag {
    /// Its name without the prefix.
    pub(super) name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    /// The value of an attribute by its name without the prefix.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// What comes next.
pub(super) enum Item {
    /// An element begins.
    Open(Tag),
    /// Text within one.
    Text(String),
    /// An element ends.
    Close,
    /// The file ends.
    End,
}

/// A file that is being read.
pub(super) struct Xml<R: BufRead> {
    reader: Reader<R>,
    buffer: Vec<u8>,
    depth: usize,
    seen: bool,
}

impl<R: BufRead> Xml<R> {
    /// Begins.
    pub(super) fn new(input: R) -> Self {
        let mut reader = Reader::from_reader(input);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new(), depth: 0, seen: false }
    }

    /// The next part.
    ///
    /// # Errors
    /// It is not well formed, ends in the middle, is nested beyond measure or defines entities.
    pub(super) fn next(&mut self) -> Result<Item, Fault> {
        loop {
            self.buffer.clear();
            let place = self.reader.buffer_position();
            let wrong = |what: &str| {
                Fault::new(
                    "xml-malformed",
                    format!("no XML at byte {place}: {what}"),
                    "export it from its program again",
                )
            };
            let event = self.reader.read_event_into(&mut self.buffer).map_err(|error| wrong(&error.to_string()))?;
            return Ok(match event {
                Event::Start(start) => {
                    self.depth += 1;
                    self.seen = true;
                    if self.depth > DEEPEST {
                        return Err(wrong("elements are nested too deeply"));
                    }
                    Item::Open(tag(&start).map_err(|error| wrong(&error))?)
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    Item::Close
                }
                Event::Text(text) => Item::Text(text.decode().map_err(|error| wrong(&error.to_string()))?.into_owned()),
                Event::CData(text) => {
                    Item::Text(text.decode().map_err(|error| wrong(&error.to_string()))?.into_owned())
                }
                Event::GeneralRef(reference) => {
                    let name = reference.decode().map_err(|error| wrong(&error.to_string()))?;
                    let character = match name.as_ref() {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        "nbsp" => Some(' '),
                        _ => reference.resolve_char_ref().ok().flatten(),
                    };
                    let Some(character) = character else {
                        let name: String = name.chars().take(20).collect();
                        return Err(wrong(&format!("the entity &{name}; is not known")));
                    };
                    Item::Text(character.to_string())
                }
                Event::DocType(_) => {
                    let message = "the file brings its own definitions (DOCTYPE)";
                    return Err(Fault::new(
                        "xml-doctype",
                        message,
                        "delete the DOCTYPE line, or export the file again",
                    ));
                }
                Event::Eof if self.depth > 0 || !self.seen => {
                    let message = "the file ends in the middle";
                    return Err(Fault::new("xml-truncated", message, "copy or export it again"));
                }
                Event::Eof => Item::End,
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            });
        }
    }

    /// Everything that is written within the element that has just begun, elements in it skipped.
    ///
    /// # Errors
    /// As [`Xml::next`].
    pub(super) fn text(&mut self) -> Result<String, Fault> {
        let mut text = String::new();
        let mut inner = 0_usize;
        loop {
            match self.next()? {
                Item::Open(_) => inner += 1,
                Item::Close if inner == 0 => return Ok(text.trim().to_owned()),
                Item::Close => inner -= 1,
                Item::Text(part) if inner == 0 => {
                    if text.len() + part.len() > LONGEST {
                        return Err(Fault::new("file-too-large", "one element holds too much text", "split the file"));
                    }
                    text.push_str(&part);
                }
                Item::Text(_) => {}
                Item::End => return Ok(text),
            }
        }
    }

    /// Goes past the end of the element that has just begun.
    ///
    /// # Errors
    /// As [`Xml::next`].
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        let mut inner = 0_usize;
        loop {
            match self.next()? {
                Item::Open(_) => inner += 1,
                Item::Close if inner == 0 => return Ok(()),
                Item::Close => inner -= 1,
                Item::Text(_) => {}
                Item::End => return Ok(()),
            }
        }
    }
}

fn tag(start: &BytesStart<'_>) -> Result<Tag, String> {
    let local = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute.unescape_value().map_err(|error| error.to_string())?;
        attributes.push((local(attribute.key.local_name().as_ref()), value.into_owned()));
    }
    Ok(Tag { name: local(start.local_name().as_ref()), attributes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<String, &'static str> {
        let mut xml = Xml::new(text.as_bytes());
        let mut told = String::new();
        loop {
            match xml.next().map_err(|fault| fault.code)? {
                Item::Open(tag) => told += &format!("<{}{}>", tag.name, tag.get("a").unwrap_or_default()),
                Item::Text(text) => told += text.trim(),
                Item::Close => told += "/",
                Item::End => return Ok(told),
            }
        }
    }

    #[test]
    fn what_is_read_and_what_is_refused() {
        assert_eq!(all("<x:r p:a='1&lt;'>甲&amp;&#20108;<b/><![CDATA[<]]></x:r>").as_deref(), Ok("<r1<>甲&二<b>/</"));
        assert_eq!(all("<r><b></r>"), Err("xml-malformed"));
        assert_eq!(all("<r>"), Err("xml-truncated"));
        assert_eq!(all(""), Err("xml-truncated"));
        assert_eq!(all("<r>&bomb;</r>"), Err("xml-malformed"));
        assert_eq!(all("<!DOCTYPE r [<!ENTITY a 'aa'>]><r>&a;</r>"), Err("xml-doctype"));
        assert_eq!(all(&"<r>".repeat(1000)), Err("xml-malformed"));
    }
}
