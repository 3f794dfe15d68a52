#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the comparison: each of its limits must be seen to fail, and a figure that lacks."""

import contextlib
import io
import json
import os
import tempfile
import unittest

import compare


def figures(change=None, without=None):
    """A flavour's, linear in the number of maps; with some changed, without one."""
    rows = {row: 1000 for row in compare.GATED}
    rows.update({(what, n): 2000 + 100 * int(n) for what, n in compare.SHOWN})
    rows.update(change or {})
    return {"release": "6.18", "rows": [{"what": what, "size": size, "of": 1, "instructions": cost}
                                        for (what, size), cost in rows.items()
                                        if (what, size) != without]}


class Comparison(unittest.TestCase):
    def compare(self, lts, mainline, *words):
        """(exit code, what was printed) of a comparison of two files."""
        said = io.StringIO()
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, n) for n in compare.FLAVOURS]
            for path, what in zip(paths, (lts, mainline)):
                with open(path, "w", encoding="utf-8") as out:
                    json.dump(what, out)
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                code = compare.main([*words, *paths])
        return code, said.getvalue()

    def test_the_same_figures_pass(self):
        code, said = self.compare(figures(), figures())
        self.assertEqual(code, 0, said)
        self.assertNotIn("OVER", said)

    def test_each_gated_row_fails_by_one_instruction(self):
        for row in compare.GATED:
            code, said = self.compare(figures({row: 1001}), figures())
            self.assertEqual(code, 1, row)
            self.assertEqual(said.count("OVER"), 1, said)

    def test_a_large_map_may_cost_a_fifth_more(self):
        mainline = figures({("map", "1 GiB"): 9000})
        self.assertEqual(self.compare(figures({("map", "1 GiB"): 1200}), mainline)[0], 0)
        self.assertEqual(self.compare(figures({("map", "1 GiB"): 1201}), mainline)[0], 1)

    def test_a_revocation_that_is_not_linear_fails(self):
        for what in compare.REVOKES:
            square = {(what, n): 2000 + int(n) ** 2 for n in compare.COUNTS}
            code, said = self.compare(figures(square), figures())
            self.assertEqual(code, 1, said)
            self.assertIn("growth", said)

    def test_a_dear_revocation_is_shown_and_gates_nothing(self):
        dear = {(compare.REVOKES[0], n): 5000 + 900 * int(n) for n in compare.COUNTS}
        self.assertEqual(self.compare(figures(dear), figures())[0], 0)

    def test_a_missing_figure_is_an_error(self):
        for lts, mainline in ((figures(without=("unmap", "4 MiB")), figures()),
                              (figures(), figures(without=("unmap", "4 MiB")))):
            code, said = self.compare(lts, mainline)
            self.assertEqual(code, 1)
            self.assertIn("unmap 4 MiB", said)

    def test_cases_are_counted_one_by_one(self):
        said = self.compare(figures({("map", "4 KiB"): 2000}), figures(), "--cases")[1]
        self.assertIn("[  FAILED  ] compare/map_4_KiB", said)
        self.assertEqual(said.count("[       OK ]"), len(compare.GATED) + 2)

    def test_one_file_is_a_mistake(self):
        with self.assertRaises(SystemExit) as wrong, contextlib.redirect_stderr(io.StringIO()):
            compare.main(["lts.json"])
        self.assertEqual(wrong.exception.code, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
