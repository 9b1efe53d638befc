/* What stands in a mail: the text part and the HTML part. */
#include "email.h"

#include <string.h>

enum { LINE_BYTES = 16 << 10 };

/* Only these become links; a title or url from a marketplace cannot be a script. */
static bool is_link(const char *url)
{
	return url && (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0);
}

/* A line of the text part, of texts of which some are foreign. */
static void line(struct shd_text *out, const char *indent, const char *text)
{
	char *clean shd_autofree = text ? shd_xstrdup(text) : NULL;

	if (!text || !*text)
		return;
	shd_line_clean(clean);
	shd_text_printf(out, "%s%s\r\n", indent, clean);
}

static void named(struct shd_text *out, const char *name, const char *text)
{
	SHD_AUTO(shd_text_finish) struct shd_text whole = {0};

	if (!text)
		return;
	shd_text_init(&whole, LINE_BYTES);
	shd_text_printf(&whole, "%s: %s", name, text);
	line(out, "  ", whole.data);
}

static void text_item(const struct shd_message *message, const struct shd_message_item *item,
	struct shd_text *out)
{
	shd_text_printf(out, "\r\n[%s] ", item->level);
	line(out, "", item->title);
	line(out, "  ", item->line);
	line(out, "  ", item->goods);
	line(out, "  ", item->quote);
	line(out, "  ", item->cost);
	named(out, message->advice_heading, item->advice);
	named(out, message->link_text, is_link(item->facts->url) ? item->facts->url : NULL);
	line(out, "  ", item->reason);
}

void shd_email_text(const struct shd_message *message, struct shd_text *out)
{
	line(out, "", message->intro);
	line(out, "", message->late_note);
	for (size_t i = 0; i < message->count; i++)
		text_item(message, &message->items[i], out);
	line(out, "\r\n", message->more_note);
	line(out, "\r\n-- \r\n", message->footer);
}

/* One paragraph; nothing for a text that is absent. */
static void paragraph(struct shd_text *out, const char *style, const char *text)
{
	if (!text || !*text)
		return;
	shd_text_printf(out, "<p style=\"margin:0 0 6px;%s\">", style);
	shd_text_put_xml(out, text);
	shd_text_puts(out, "</p>\n");
}

static const char *color_of(const struct shd_message_item *item)
{
	if (item->facts->move == SHD_MOVE_RESOLVED)
		return "#2e7d32";
	switch (item->facts->level) {
	case SHD_INFO:
		return "#1565c0";
	case SHD_WARN:
		return "#b26a00";
	case SHD_CRITICAL:
		return "#c62828";
	case SHD_BREACHED:
		return "#7b1fa2";
	case SHD_LEVEL_NONE:
	case SHD_LEVEL_COUNT:
		break;
	}
	return "#616161";
}

static void html_item(const struct shd_message *message, const struct shd_message_item *item,
	struct shd_text *out)
{
	const char *color = color_of(item);

	shd_text_printf(out,
		"<div style=\"border-left:4px solid %s;padding:4px 0 4px 12px;margin:0 0 16px\">\n"
		"<p style=\"margin:0 0 6px\"><b style=\"color:%s\">",
		color, color);
	shd_text_put_xml(out, item->level);
	shd_text_puts(out, "</b> &nbsp;<b>");
	shd_text_put_xml(out, item->title);
	shd_text_puts(out, "</b></p>\n");
	paragraph(out, "font-size:17px", item->line);
	paragraph(out, "", item->goods);
	paragraph(out, "font-style:italic", item->quote);
	paragraph(out, "color:#c62828", item->cost);
	if (item->advice) {
		shd_text_puts(out, "<p style=\"margin:0 0 6px\"><b>");
		shd_text_put_xml(out, message->advice_heading);
		shd_text_puts(out, ":</b> ");
		shd_text_put_xml(out, item->advice);
		shd_text_puts(out, "</p>\n");
	}
	if (is_link(item->facts->url)) {
		shd_text_puts(out, "<p style=\"margin:0 0 6px\"><a href=\"");
		shd_text_put_xml(out, item->facts->url);
		shd_text_puts(out, "\">");
		shd_text_put_xml(out, message->link_text);
		shd_text_puts(out, "</a></p>\n");
	}
	paragraph(out, "color:#616161;font-size:13px", item->reason);
	shd_text_puts(out, "</div>\n");
}

void shd_email_html(const struct shd_message *message, struct shd_text *out)
{
	shd_text_printf(out,
		"<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"></head>\n"
		"<body style=\"margin:0;padding:16px;max-width:640px;"
		"font:15px/1.45 -apple-system,'Segoe UI',Roboto,sans-serif;color:#212121\">\n",
		message->language);
	paragraph(out, "color:#616161", message->intro);
	paragraph(out, "color:#b26a00;font-weight:bold", message->late_note);
	for (size_t i = 0; i < message->count; i++)
		html_item(message, &message->items[i], out);
	paragraph(out, "", message->more_note);
	paragraph(out, "color:#9e9e9e;font-size:12px;border-top:1px solid #e0e0e0;padding-top:8px",
		message->footer);
	shd_text_puts(out, "</body></html>\n");
}
