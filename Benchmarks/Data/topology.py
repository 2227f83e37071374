#!/usr/bin/env python3
"""The topology-aware placement data set (Huawei Cloud, CC0), as lines of text for `planner-bench topology`.

    topology.py FOLDER [SEQUENCE...] | planner-bench topology

FOLDER holds PM_res.xlsx, topology_provider.xls and VM_data_C*.xlsx; a SEQUENCE is `C1`, all by default. Standard library only. The lines:

    rack HOST RACK                                    hosts by position, as the provider file lists them
    host CPU GiB CPU GiB                              free, by NUMA node, in the order of the provider file
    sequence NAME
    request CPU GiB NUMA STRATEGY GROUP DOMAIN        NUMA: nodes that it is split over; `-` where a cell is empty
"""

import glob
import os
import re
import struct
import sys
import zipfile
from xml.etree import ElementTree

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def xlsx(path):
    """The first sheet's rows, each a dictionary from column letters to text (ECMA-376, part 1, 18.3 and 18.4)."""
    with zipfile.ZipFile(path) as archive:
        shared = []
        if "xl/sharedStrings.xml" in archive.namelist():
            for item in ElementTree.fromstring(archive.read("xl/sharedStrings.xml")):
                # Phonetic runs (rPh) are not part of the text.
                shared.append("".join(t.text or "" for part in item if not part.tag.endswith("rPh") for t in part.iter(SHEET + "t")))
        rows = []
        for row in ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml")).iter(SHEET + "row"):
            cells = {}
            for cell in row:
                value = cell.find(SHEET + "v")
                if value is None or value.text is None:
                    continue
                column = re.match("[A-Z]+", cell.get("r"))[0]
                cells[column] = shared[int(value.text)] if cell.get("t") == "s" else value.text
            rows.append(cells)
        return rows


def workbook(path):
    """The `Workbook` stream of a compound file ([MS-CFB])."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:8] != b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise ValueError(f"{path}: not a compound file")
    size = 1 << struct.unpack_from("<H", data, 30)[0]
    tables, directory = struct.unpack_from("<II", data, 44)
    if tables > 109:
        raise ValueError(f"{path}: larger than this reader knows ({tables} allocation sectors)")
    sector = lambda number: data[(number + 1) * size:(number + 2) * size]
    following = []
    for number in struct.unpack_from("<109I", data, 76)[:tables]:
        following += struct.unpack(f"<{size // 4}I", sector(number))

    def stream(number):
        parts = []
        while number < 0xFFFFFFFA and len(parts) <= len(following):
            parts.append(sector(number))
            number = following[number]
        return b"".join(parts)

    entries = stream(directory)
    for at in range(0, len(entries), 128):
        entry = entries[at:at + 128]
        name = entry[:max(0, struct.unpack_from("<H", entry, 64)[0] - 2)].decode("utf-16le")
        if name == "Workbook":
            start, length = struct.unpack_from("<II", entry, 116)
            return stream(start)[:length]
    raise ValueError(f"{path}: no Workbook in it")


def strings(parts):
    """The shared string table (BIFF8 SST); a string may go on in the next record, which then says anew how wide its characters are."""
    found, part, at = [], 0, 8
    for _ in range(struct.unpack_from("<I", parts[0], 4)[0]):
        while at >= len(parts[part]):
            at -= len(parts[part])
            part += 1
        count, flags = struct.unpack_from("<HB", parts[part], at)
        at += 3
        runs = extra = 0
        if flags & 8:
            runs = struct.unpack_from("<H", parts[part], at)[0]
            at += 2
        if flags & 4:
            extra = struct.unpack_from("<I", parts[part], at)[0]
            at += 4
        text = ""
        while count:
            if at >= len(parts[part]):
                part, at = part + 1, 1
                flags = parts[part][0]
            width = 2 if flags & 1 else 1
            here = min(count, (len(parts[part]) - at) // width)
            text += parts[part][at:at + here * width].decode("utf-16le" if width == 2 else "latin-1")
            at += here * width
            count -= here
        at += runs * 4 + extra
        found.append(text)
    return found


def compressed(value):
    """An RK number."""
    if value & 2:
        number = (value >> 2) - (1 << 30 if value >> 31 else 0)
    else:
        number = struct.unpack("<d", struct.pack("<Q", (value & 0xFFFFFFFC) << 32))[0]
    return number / 100 if value & 1 else number


def xls(path):
    """All cells of all sheets as (row, column, value), in file order ([MS-XLS])."""
    book, at, records = workbook(path), 0, []
    while at + 4 <= len(book):
        kind, length = struct.unpack_from("<HH", book, at)
        records.append((kind, book[at + 4:at + 4 + length]))
        at += 4 + length
    first = next(i for i, (kind, _) in enumerate(records) if kind == 0xFC)
    last = first + 1
    while records[last][0] == 0x3C:
        last += 1
    shared = strings([data for _, data in records[first:last]])
    for kind, data in records:
        if kind == 0xFD:
            row, column, _, index = struct.unpack("<HHHI", data)
            yield row, column, shared[index]
        elif kind == 0x27E:
            row, column, _, value = struct.unpack("<HHHI", data)
            yield row, column, compressed(value)
        elif kind == 0x203:
            row, column, _, value = struct.unpack("<HHHd", data)
            yield row, column, value
        elif kind == 0xBD:
            row, column = struct.unpack_from("<HH", data)
            for index in range((len(data) - 6) // 6):
                yield row, column + index, compressed(struct.unpack_from("<I", data, 6 + 6 * index)[0])


def main(folder, wanted):
    rows = {}
    for row, column, value in xls(os.path.join(folder, "topology_provider.xls")):
        rows.setdefault(row, {})[column] = value
    for row in sorted(rows)[1:]:
        print("rack", rows[row][0], int(rows[row][1]))
    for row in xlsx(os.path.join(folder, "PM_res.xlsx"))[1:]:
        print("host", *(row[column] for column in "ABCD"))
    for path in sorted(glob.glob(os.path.join(folder, "VM_data_*.xlsx"))):
        name = os.path.basename(path)[len("VM_data_"):-len(".xlsx")]
        if wanted and name not in wanted:
            continue
        print("sequence", name)
        header, *requests = xlsx(path)
        # The sheets do not have their columns in one order.
        columns = {title: column for column, title in header.items()}
        titles = ["flavor_vcpus", "flavor_ram", "numa", "strategy", "group", "domain"]
        for row in requests:
            if row:
                print("request", *(row.get(columns.get(title), "-") for title in titles))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        main(sys.argv[1], sys.argv[2:])
    except (OSError, ValueError, KeyError, StopIteration, IndexError, struct.error, zipfile.BadZipFile, ElementTree.ParseError) as error:
        sys.exit(f"topology.py: {sys.argv[1]}: {error!r}")
