"""What ptxas and nvdisasm print, read for ptxas_report."""
import re

# Code that a pass does not run, by the source lines that it was inlined from: one instantiation of
# fused_fft serves all types, even and odd lengths, one of the four steps one result or two.
OTHER_CODE = {
    f"{what} {bytes_}": {
        "fused_fft_rows.cuh": rf"with_pairs<Plan, ({others})>|f\(RowOf<Plan, T, false>|"
                              r"offset\(i\) < left\) store_item",
        **({"gates.cuh": r"put\(second_result"} if what == "forward" else {}),
    }
    for bytes_, others in ((4, "Bf16|Half"), (2, "float|Half")) for what in ("forward", "backward")
}


def parse_ptxas(log):
    """{entry: {registers, spill_stores, spill_loads, stack, static_shared}}"""
    kernels, name = {}, None
    for line in log.splitlines():
        if match := re.search(r"Compiling entry function '(\S+)'", line):
            name = match[1]
            kernels[name] = {"static_shared": 0}
        elif name and (match := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, "
                                          r"(\d+) bytes spill loads", line)):
            if "registers" not in kernels[name]:
                kernels[name].update(stack=int(match[1]), spill_stores=int(match[2]),
                                     spill_loads=int(match[3]))
        elif name and (match := re.search(r"Used (\d+) registers", line)):
            kernels[name]["registers"] = int(match[1])
            if shared := re.search(r"(\d+) bytes smem", line):
                kernels[name]["static_shared"] = int(shared[1])
            name = None
    return kernels


def parse_ptx(text):
    """{entry: {threads, min_blocks, instructions}}"""
    result = {}
    for match in re.finditer(r"\.entry (\w+)\((.*?)\n\}", text, re.S):
        head, _, body = match[2].partition("\n{")
        threads = re.search(r"\.maxntid (\d+)", head)
        blocks = re.search(r"\.minnctapersm (\d+)", head)
        lines = [line.strip() for line in body.splitlines()]
        result[match[1]] = {
            "threads": int(threads[1]) if threads else 1024,
            "min_blocks": int(blocks[1]) if blocks else 1,
            "instructions": {"all": sum(bool(re.match(r"(@!?%\w+ )?[a-z]", line)) for line in lines)},
        }
    return result


def has_loop(lines, labels):
    """lines: (opcode, predicated, label it goes to). Whether some path comes back to where it was."""
    def next_of(i):
        opcode, predicated, label = lines[i]
        if opcode.startswith("BRA") and label in labels:
            yield labels[label]
        if predicated or not re.match(r"BRA|EXIT|RET", opcode):
            yield i + 1

    state, stack = {0: 1}, [(0, next_of(0))]
    while stack:
        i, following = stack[-1]
        for j in following:
            if j < len(lines) and state.get(j) == 1:
                return True
            if j < len(lines) and j not in state:
                state[j] = 1
                stack.append((j, next_of(j)))
                break
        else:
            state[i] = 2
            stack.pop()
    return False


def parse_sass(text, sources):
    """{entry: {all, loops, each of OTHER_CODE: what that pass of signals of 2 or 4 bytes runs}}"""
    others = {path: {(name, str(i + 1)) for name, pattern in files.items() for i, line in
                       enumerate((sources / name).read_text().splitlines())
                       if re.search(pattern, line)} for path, files in OTHER_CODE.items()}
    if not all(others.values()):
        raise ValueError("ptxas_listing: OTHER_CODE names code that is no longer there")
    result = {}
    for part in re.split(r"^\.text\.", text, flags=re.M)[1:]:
        name = part[:part.index(":")]
        lines, labels, places, fresh, helper = [], {}, [], True, False
        counts = {"all": 0, **{path: 0 for path in others}}
        for line in part.splitlines():
            if match := re.search(r'//## File ".*?([^/"]+)", line (\d+)', line):
                places = [match.groups()] if fresh else places + [match.groups()]
                fresh = False
            elif match := re.search(r"/\*[0-9a-f]{4,}\*/\s+(@!?U?P\w+\s+)?([A-Z][A-Z0-9_.]*)(?:.*`\((.*?)\))?", line):
                fresh = True
                if match[2] == "NOP":
                    continue
                lines.append((match[2], bool(match[1]), match[3]))
                counts["all"] += 1
                for path, lines_of in others.items():
                    counts[path] += not helper and not lines_of.intersection(places)
            elif match := re.match(r"(\$?[\w.$]+):$", line):
                labels[match[1]] = len(lines)
                helper = helper or match[1].startswith("$__internal")  # 64-bit division, seldom called
        counts["loops"] = has_loop(lines[:-1], labels)  # the last is a jump to itself
        result[name] = counts
    return result
