"""python3 verify-ledger.py EXPORT CHECKPOINTS VERIFIER_KEY: does an export of a Countersign ledger hold against the
checkpoints published outside of its database? One line, and exit 0 (holds) or 1; 2 where it is not asked so. Independent
of trust/verify-ledger.ts; standard library only. RFC 6962 (tree), RFC 8032 (Ed25519), C2SP signed-note and tlog-checkpoint."""
import base64, hashlib, json, re, sys
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT_OF_MINUS_1, ZERO = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P), (0, 1, 1, 0)
NOTE = "(?:[^\n]+\n)+\n(?:\u2014 [^\n]*\n)+"
class Broken(Exception): pass  # (reason, first bad entry or 0, last published size that held)
def demand(holds, reason):
    if not holds: raise Broken(reason, 0, 0)
def sha256(*parts): return hashlib.sha256(b"".join(parts)).digest()
def unbase64(text):  # in its one spelling only
    return data if base64.b64encode(data := base64.b64decode(text)).decode() == text else demand(False, "no base64")
def add(p, q):  # points of Ed25519 as (X, Y, Z, T)
    a, b, c, d = (p[1]-p[0]) * (q[1]-q[0]), (p[1]+p[0]) * (q[1]+q[0]), 2*D * p[3]*q[3], 2 * p[2]*q[2]
    return (b-a) * (d-c) % P, (d+c) * (b+a) % P, (d-c) * (d+c) % P, (b-a) * (b+a) % P
def times(n, p): return add(times(n // 2, add(p, p)), p if n % 2 else ZERO) if n else ZERO
def point(data):
    y, sign = int.from_bytes(data, "little") % 2**255, data[31] >> 7
    square = (y*y - 1) * pow(D * y*y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x*x - square) % P: x = x * ROOT_OF_MINUS_1 % P
    demand(y < P and (x*x - square) % P == 0 and (x or not sign), "not a point of Ed25519")
    return (x, y, 1, x*y % P) if x % 2 == sign else (P - x, y, 1, (P - x) * y % P)
def signed(public, text, signature):
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(r + public + text).digest(), "little") % L
    one, other = times(s, point(bytes([88] + [102] * 31))), add(point(r), times(k, point(public)))
    return len(signature) == 64 and s < L and all((one[i] * other[2] - other[i] * one[2]) % P == 0 for i in (0, 1))
def checkpoint(note, verifier_key):
    name, key_id, key = verifier_key.split("+", 2)
    (kind, *_), public = unbase64(key), unbase64(key)[1:]
    demand(kind == 1 and sha256(name.encode(), b"\n\1", public)[:4].hex() == key_id, "that is no verifier key")
    text, _, lines = note.rpartition("\n\n")
    found = [re.fullmatch("\u2014 ([^\\s+]+) (\\S+)", line) for line in lines[:-1].split("\n")]
    demand(all(found), "a note is malformed")
    ours = [raw[4:] for who, raw in ((m[1], unbase64(m[2])) for m in found) if (who, raw[:4].hex()) == (name, key_id)]
    demand(ours and all(signed(public, text.encode() + b"\n", one) for one in ours), "a note is not signed by the key")
    origin, size, root = text.split("\n")[:3]
    demand(origin and str(int(size)) == size and len(unbase64(root)) == 32, "a note is no checkpoint")
    return origin, int(size), unbase64(root)
def append(tree, node):  # a tree is its perfect subtrees (leaves, hash), the largest first
    while tree and tree[-1][0] == node[0]: node = (2 * node[0], sha256(b"\1", tree.pop()[1], node[1]))
    tree.append(node)
def root_of(tree):
    return sha256(b"\1", tree[0][1], root_of(tree[1:])) if len(tree) > 1 else tree[0][1] if tree else sha256()
def climb(node, place, size, proof):  # the root that a proof leads to, and the tree of all entries before
    before, last, width, proof = [], size - 1, 1, [unbase64(one) for one in proof]
    while last:
        if place % 2: before, node = [(width, proof[0]), *before], sha256(b"\1", proof.pop(0), node)
        elif place < last: node = sha256(b"\1", node, proof.pop(0))
        place, last, width = place // 2, last // 2, width * 2
    return (None if proof else node), before
def read(line):  # (seq, leaf, proof) of an entry's line; seq 0 when it is malformed or says two things
    try:
        entry = json.loads(line.decode())
        seq, text, proof = entry["seq"], entry["entry"].encode(), list(entry["proof"])
        return seq if seq == json.loads(text)["seq"] else 0, sha256(b"\0", text), proof
    except Exception: return 0, b"", []
def verify(export, published, key):
    notes, roots = re.findall(NOTE, published), {}
    demand(notes and not re.sub(NOTE, "", published).strip("\n"), "the published checkpoints are malformed")
    head = json.loads(next(export, b"").decode())
    (origin, size, root), start, to = checkpoint(head["checkpoint"], key), head["from"], head["to"]
    for name, at, one in (checkpoint(note, key) for note in notes):
        demand(name == origin == head["origin"] and roots.setdefault(at, one) == one, "the checkpoints are at odds")
    demand(head["format"] == "countersign-ledger/1" and head["size"] == size and roots.get(0, sha256()) == sha256()
           and (1 <= start <= to <= size or (start, to, size) == (1, 0, 0)), "the header does not fit its checkpoint")
    tree, held, failed, up_to, seq = ([] if start == 1 else None), 0, 0, 0, start - 1
    def broken(last, exactly=""):  # there, or at the first proof that fails, or somewhere after what last held
        if exactly and not failed: raise Broken(exactly, last, up_to)
        if failed and held: raise Broken("that entry or its proof is altered", failed, up_to)
        raise Broken(f"the first altered entry lies between entry {up_to + 1} and {last}", max(up_to + 1, start), up_to)
    def compare():  # the tree so far with what was published of its size
        nonlocal up_to
        at = sum(leaves for leaves, _ in tree)
        if at in roots: up_to = at if roots[at] == root_of(tree) else broken(at)
    for seq, line in enumerate(export, start):
        number, leaf, proof = read(line)
        if seq > to or number != seq: broken(seq, "it is malformed or missing, or another stands in its place")
        try: reached, before = climb(leaf, seq - 1, size, proof)
        except Exception: reached = None
        held, failed = (held + 1, failed) if reached == root else (held, failed or seq)
        if tree is None and seq == start and held: tree = before; compare()
        if tree is not None: append(tree, (1, leaf)); compare()
    if seq < to: broken(seq + 1, "it is missing: the export ends before it")
    whole = to == size and tree is not None
    proofs_fail = failed and (held or (not whole and up_to < to))
    if proofs_fail or (root_of(tree) if whole else roots.get(size, root)) != root: broken(size)
    if not failed and size in roots: up_to = to
    if max(roots) > size: raise Broken("it is missing: more was published", size + 1, up_to)
    if failed: raise Broken("its proof is altered", failed, up_to)
    return f"holds: entries {start} to {to}, proven up to {up_to} by what was published"
if len(sys.argv) != 4: sys.exit(print("usage: " + __doc__.split(":")[0], file=sys.stderr) or 2)
try:
    with open(sys.argv[1], "rb") as export, open(sys.argv[2], encoding="utf-8", newline="") as published:
        print(verify((line.removesuffix(b"\n") for line in export), published.read(), sys.argv[3]))
except Exception as error:
    reason, seq, up_to = error.args if isinstance(error, Broken) else (f"unreadable: {error!r}", 0, 0)
    sys.exit(print(f"broken at entry {seq}, held up to {up_to}: {reason}") or 1)
