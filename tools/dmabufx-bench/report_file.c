// SPDX-License-Identifier: GPL-2.0-or-later
/* What was measured, for programs as JSON and as a picture in SVG. */
#include "bench.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#define BAR_HEIGHT 14
#define BARS_AT 210
#define UNIT_WIDTH 250 /* of a ratio of 1 */
#define WIDTH 860

static FILE *open_file(const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		die("%s can't be written: %s", path, strerror(errno));
	return f;
}

static void close_file(FILE *f, const char *path)
{
	if (ferror(f) | fclose(f))
		die("%s can't be written", path);
}

static double mid(const double *values, unsigned int n)
{
	double copy[ROUNDS_MAX];

	memcpy(copy, values, n * sizeof(*copy));
	return median(copy, n);
}

static void list(FILE *f, const char *name, const double *values, unsigned int n, const char *end)
{
	fprintf(f, "\"%s\": [", name);
	for (unsigned int i = 0; i < n; i++)
		fprintf(f, "%s%.6g", i ? ", " : "", values[i]);
	fprintf(f, "]%s", end);
}

static void json_row(FILE *f, const struct cell *cell, const struct row *row)
{
	unsigned int n = cell->rounds;

	fprintf(f, "\t\t\t{\"name\": \"%s\", \"median\": %.6g, \"ratio\": %.4f, ", row->name,
		mid(row->rate, n), mid(row->ratio, n));
	fprintf(f, "\"cpu_ns\": %.2f, \"cores\": %.4f, ", mid(row->cpu, n), mid(row->cores, n));
	if (row->calls >= 0)
		fprintf(f, "\"calls\": %.6f, ", row->calls);
	list(f, "rates", row->rate, n, ", ");
	list(f, "ratios", row->ratio, n, "}");
}

void report_json(const char *path, struct cell *cells, unsigned int n)
{
	FILE *f = open_file(path);
	struct utsname name;

	uname(&name);
	fprintf(f, "{\n\t\"kernel\": \"%s\",\n\t\"cells\": [\n", name.release);
	for (unsigned int i = 0; i < n; i++) {
		const struct cell *cell = &cells[i];

		fprintf(f,
			"\t\t{\"work\": \"%s\", \"size\": %u, \"run\": %u, \"ms\": %u, "
			"\"line_ns\": [%.1f, %.1f], \"rows\": [\n",
			work_names[cell->work], cell->size, cell->run, cell->ms, cell->line_ns[0],
			cell->line_ns[1]);
		for (unsigned int row = 0; row < cell->nrows; row++) {
			json_row(f, cell, &cell->rows[row]);
			fputs(row + 1 < cell->nrows ? ",\n" : "\n", f);
		}
		fputs(i + 1 < n ? "\t\t]},\n" : "\t\t]}\n", f);
	}
	fputs("\t]\n}\n", f);
	close_file(f, path);
}

static void svg_row(FILE *f, const struct cell *cell, const struct row *row, unsigned int y)
{
	double ratio = mid(row->ratio, cell->rounds);
	bool ours = !strncmp(row->name, "ours", 4);
	double width = ratio * UNIT_WIDTH;

	if (width > WIDTH - BARS_AT - 60)
		width = WIDTH - BARS_AT - 60;
	fprintf(f,
		"<text x=\"%d\" y=\"%u\" text-anchor=\"end\">%s</text>"
		"<rect x=\"%d\" y=\"%u\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>"
		"<text x=\"%.1f\" y=\"%u\">%.2f</text>\n",
		BARS_AT - 6, y + 11, row->name, BARS_AT, y, width, BAR_HEIGHT - 3,
		ours ? "#2a6f97" : "#b8b8b8", BARS_AT + width + 4, y + 11, ratio);
}

/* Bars of ratios to the first row, cell below cell; a line where the ratio is 1. */
void report_svg(const char *path, struct cell *cells, unsigned int n)
{
	unsigned int y = 20, height = 40;
	FILE *f = open_file(path);

	for (unsigned int i = 0; i < n; i++)
		height += (cells[i].nrows + 2) * BAR_HEIGHT;
	/* The name of the format, which readers go by. */
	fprintf(f,
		"<svg xmlns=\"%s//www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
		"font-family=\"sans-serif\" font-size=\"11\">\n",
		"http:", WIDTH, height);
	for (unsigned int i = 0; i < n; i++) {
		const struct cell *cell = &cells[i];

		fprintf(f,
			"<text x=\"10\" y=\"%u\" font-weight=\"bold\">%s, %u bytes, run %u: %s to "
			"xdpsock-ref</text>\n",
			y + 10, work_names[cell->work], cell->size, cell->run + 1,
			cell->work == WORK_PING ? "round trip" : "goodput");
		y += BAR_HEIGHT + 2;
		for (unsigned int row = 0; row < cell->nrows; row++, y += BAR_HEIGHT)
			svg_row(f, cell, &cell->rows[row], y);
		y += BAR_HEIGHT - 2;
	}
	fprintf(f, "<line x1=\"%d\" y1=\"20\" x2=\"%d\" y2=\"%u\" stroke=\"#c33\"/>\n</svg>\n",
		BARS_AT + UNIT_WIDTH, BARS_AT + UNIT_WIDTH, y);
	close_file(f, path);
}
