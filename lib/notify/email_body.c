/* What stands in a mail: the text part and the HTML part. */
#include "email.h"

#include "base/fold.h"
#include "flowed.h"

#include <string.h>

enum { LINE_BYTES = 16 << 10 };

/* Only these become links; a title or url from a marketplace cannot be a script. */
static bool is_link(const char *url)
{
	return url && (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0);
}

/* A paragraph of the text part, of texts of which some are foreign. */
static void line(struct shd_text *out, const char *text)
{
	char *clean shd_autofree = text ? shd_xstrdup(text) : NULL;

	if (!text || !*text)
		return;
	shd_line_clean(clean);
	shd_flowed_paragraph(out, clean);
}

/* Between "What to do:" and the advice; a full-width colon has its gap in itself. */
static const char *gap_after(const char *heading)
{
	size_t at = 0, len = strlen(heading);
	int32_t last = 0;

	while (at < len)
		last = shd_utf8_next(heading, len, &at);
	return shd_char_cells(last) == 2 ? "" : " ";
}

static void advice_line(const struct shd_message *message, const char *advice, struct shd_text *out)
{
	SHD_AUTO(shd_text_finish) struct shd_text whole = {0};

	if (!advice)
		return;
	shd_text_init(&whole, LINE_BYTES);
	shd_text_printf(&whole, "%s%s%s", message->advice_heading,
		gap_after(message->advice_heading), advice);
	line(out, whole.data);
}

static void text_item(const struct shd_message *message, const struct shd_message_item *item,
	struct shd_text *out)
{
	shd_text_puts(out, "\r\n");
	line(out, item->heading);
	line(out, item->line);
	line(out, item->goods);
	line(out, item->quote);
	line(out, item->cost);
	advice_line(message, item->advice, out);
	if (is_link(item->facts->url)) {
		line(out, message->link_text);
		line(out, item->facts->url);
	}
	line(out, item->reason);
}

void shd_email_text(const struct shd_message *message, struct shd_text *out)
{
	line(out, message->intro);
	line(out, message->late_note);
	for (size_t i = 0; i < message->count; i++)
		text_item(message, &message->items[i], out);
	if (message->more_note)
		shd_text_puts(out, "\r\n");
	line(out, message->more_note);
	shd_text_puts(out, "\r\n-- \r\n");
	line(out, message->footer);
}

/* How a level looks: a mark that needs no colour, and a colour for light and for dark mails. */
struct look {
	const char *mark, *name, *light, *dark;
};

static const struct look looks[SHD_LEVEL_COUNT] = {
	[SHD_LEVEL_NONE] = {"✓", "ok", "#15803d", "#4ade80"},
	[SHD_INFO] = {"●", "info", "#2563eb", "#93c5fd"},
	[SHD_WARN] = {"▲", "warning", "#b45309", "#fbbf24"},
	[SHD_CRITICAL] = {"◆", "critical", "#be123c", "#fda4af"},
	[SHD_BREACHED] = {"■", "breached", "#7f1d1d", "#fca5a5"},
};

static const struct look *look_of(const struct shd_message_item *item)
{
	bool over = item->facts->move == SHD_MOVE_RESOLVED;

	return &looks[over ? SHD_LEVEL_NONE : item->facts->level];
}

/* An element with one text; nothing for a text that is absent. The style is inline, because some
 * readers drop the sheet, and the class for those that know dark mails. */
static void element(struct shd_text *out, const char *class, const char *style, const char *text)
{
	if (!text || !*text)
		return;
	shd_text_printf(out, "<p class=\"%s\" style=\"margin:0 0 8px;%s\">", class, style);
	shd_text_put_xml(out, text);
	shd_text_puts(out, "</p>\n");
}

static void html_button(const struct shd_message *message, const char *url, struct shd_text *out)
{
	shd_text_puts(out, "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" "
			   "style=\"margin:12px 0\"><tr><td bgcolor=\"#1d4ed8\" "
			   "style=\"border-radius:6px;background:#1d4ed8\"><a href=\"");
	shd_text_put_xml(out, url);
	shd_text_puts(out, "\" style=\"display:inline-block;padding:10px 18px;color:#ffffff;"
			   "font-weight:bold;text-decoration:none\">");
	shd_text_put_xml(out, message->link_text);
	shd_text_puts(out, "</a></td></tr></table>\n");
}

static void html_item(const struct shd_message *message, const struct shd_message_item *item,
	struct shd_text *out)
{
	const struct look *look = look_of(item);

	shd_text_printf(out,
		"<tr><td class=\"card on-%s\" style=\"border-top:4px solid %s;padding:14px 16px "
		"8px;"
		"background:#ffffff\">\n"
		"<p class=\"%s\" style=\"margin:0 0 4px;font-size:14px;font-weight:bold;color:%s\">"
		"%s ",
		look->name, look->light, look->name, look->light, look->mark);
	shd_text_put_xml(out, item->level);
	shd_text_puts(out, "</p>\n");
	element(out, "text", "font-size:20px;line-height:1.3;font-weight:bold;color:#111827",
		item->title);
	element(out, "text", "font-size:17px;line-height:1.4;color:#111827", item->line);
	element(out, "text", "color:#111827", item->goods);
	element(out, "quote", "padding:2px 0 2px 12px;border-left:3px solid #d1d5db;color:#374151",
		item->quote);
	element(out, "text", "font-weight:bold;color:#111827", item->cost);
	if (item->advice) {
		shd_text_puts(out, "<p class=\"text\" style=\"margin:12px 0 8px;color:#111827\">"
				   "<b>");
		shd_text_put_xml(out, message->advice_heading);
		shd_text_printf(out, "</b>%s", gap_after(message->advice_heading));
		shd_text_put_xml(out, item->advice);
		shd_text_puts(out, "</p>\n");
	}
	if (is_link(item->facts->url))
		html_button(message, item->facts->url, out);
	element(out, "quiet", "font-size:13px;color:#4b5563", item->reason);
	shd_text_puts(out, "</td></tr>\n<tr><td style=\"height:12px\"></td></tr>\n");
}

/* Readers that do not know dark mails ignore this and keep the light colours. */
static void html_sheet(struct shd_text *out)
{
	shd_text_puts(out, "<style>:root{color-scheme:light dark}"
			   "@media (prefers-color-scheme:dark){"
			   "body{background:#111827!important}"
			   ".card{background:#1f2937!important}"
			   ".text{color:#f3f4f6!important}"
			   ".quote{color:#d1d5db!important;border-color:#6b7280!important}"
			   ".quiet{color:#9ca3af!important;border-color:#374151!important}");
	for (size_t i = 0; i < SHD_COUNT(looks); i++)
		shd_text_printf(out, ".%s{color:%s!important}.on-%s{border-color:%s!important}",
			looks[i].name, looks[i].dark, looks[i].name, looks[i].dark);
	shd_text_puts(out, "}</style>");
}

void shd_email_html(const struct shd_message *message, struct shd_text *out)
{
	shd_text_printf(out,
		"<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
		"<meta name=\"color-scheme\" content=\"light dark\">",
		message->language);
	html_sheet(out);
	/* What a list of mails shows beside the subject. */
	shd_text_puts(out, "</head>\n<body style=\"margin:0;padding:0;background:#f3f4f6;"
			   "font:15px/1.45 -apple-system,'Segoe UI',Roboto,'PingFang SC',"
			   "'Microsoft YaHei','Noto Sans CJK SC',sans-serif\">\n"
			   "<div style=\"display:none;max-height:0;overflow:hidden\">");
	shd_text_put_xml(out, message->items[0].line ? message->items[0].line : "");
	shd_text_puts(out,
		"</div>\n<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" "
		"cellspacing=\"0\"><tr><td align=\"center\" style=\"padding:12px 8px\">\n"
		"<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" "
		"cellspacing=\"0\" style=\"max-width:600px;text-align:left\">\n"
		"<tr><td style=\"padding:4px 16px 4px\">\n");
	element(out, "quiet", "color:#4b5563", message->intro);
	element(out, "warning", "color:#b45309;font-weight:bold", message->late_note);
	shd_text_puts(out, "</td></tr>\n");
	for (size_t i = 0; i < message->count; i++)
		html_item(message, &message->items[i], out);
	shd_text_puts(out, "<tr><td style=\"padding:0 16px\">\n");
	element(out, "text", "color:#111827", message->more_note);
	element(out, "quiet", "font-size:13px;color:#4b5563;border-top:1px solid #d1d5db;"
			      "padding-top:8px", message->footer);
	shd_text_puts(out, "</td></tr>\n</table>\n</td></tr></table>\n</body></html>\n");
}
