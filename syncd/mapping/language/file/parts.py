"""A mapping in several files, read as the one document that it is: `parts: [demo/purchase.yaml, …]` at its top.

What a part names stands behind what the main file names, in the order of the parts. An error in it names its own line.
"""

from pathlib import Path

from syncd.errors import MappingError
from syncd.mapping.expression.terms import nearest
from syncd.mapping.language.file.model import HEAD, MappingFile
from syncd.mapping.language.file.source import Document, read

Errors = list[MappingError]


def read_mapping(path: Path) -> tuple[Document, Errors, list[Path]]:
    """The document of the mapping at `path` with its parts in it, what is wrong with their keys, and all its files.
    Raises MappingError when one of them cannot be read at all."""
    main, errors = read(path)
    listed = main.data.get("parts") if isinstance(main.data, dict) else None
    files = [path]
    if not (isinstance(main.data, dict) and isinstance(listed, list)):
        return main, errors, files
    whole = Document(path, {**main.data}, dict(main.lines), {})
    for i, name in enumerate(listed):
        if not isinstance(name, str):
            continue  # the shape says so
        file = path.parent / name
        if file in files:
            errors.append(MappingError("part_twice", whole.where(("parts", i)), part=name))
            continue
        files.append(file)
        part, wrong = read(file)
        errors += wrong
        _add(whole, part, errors)
    return whole, errors, files


def _add(whole: Document, part: Document, errors: Errors) -> None:
    """Put what a part says into the whole, where nothing stands yet."""
    if not isinstance(part.data, dict):
        errors.append(MappingError("part_empty", part.where()))
        return
    assert isinstance(whole.data, dict)
    for block, said in part.data.items():
        if block in HEAD or block not in MappingFile.model_fields:
            near = nearest(block, MappingFile.model_fields.keys() - HEAD)
            errors.append(MappingError("part_key", part.where((block,)), key=block, nearest=near))
        elif block not in whole.data:
            whole.data[block] = {**said} if isinstance(said, dict) else said
            whole.adopt(part, (block,))
        elif isinstance(said, dict) and isinstance(whole.data[block], dict) and MappingFile.holds_names(block):
            merged = whole.data[block] = {**whole.data[block]}
            for name, value in said.items():
                place = (block, name)
                if name in merged:
                    first = whole.where(place)
                    errors.append(MappingError("name_in_two_files", part.where(place), name=name, first=first))
                else:
                    merged[name] = value
                    whole.adopt(part, place)
        else:
            first = whole.where((block,))
            errors.append(MappingError("name_in_two_files", part.where((block,)), name=block, first=first))
