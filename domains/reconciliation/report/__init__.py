"""What a judgement shows to people: plain tables, and what writes them as HTML, XLSX and CSV."""
