"""Document templates: an agency's DOCX with fields, filled from the case; the result is a document of the case (docs/adr/0026)."""
