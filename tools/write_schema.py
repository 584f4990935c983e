"""Writes architectures/schema.json from the code, for editors that check JSON files while one types."""

import json

from tfglyph.architecture import SHIPPED, schema

if __name__ == "__main__":
    path = SHIPPED / "schema.json"
    path.write_text(json.dumps(schema(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"wrote {path}")
