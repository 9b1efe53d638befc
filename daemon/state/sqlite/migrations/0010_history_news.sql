-- Cheaper first sights. Entities that were new in the same change set, of one store and kind,
-- share a row of the history: `ids` is the JSON list of them, id is empty and was NULL. The row
-- has the number of the last of them; those before it have the numbers before it.
--
-- The two indexes of orders by product become one, which is made when the file is opened.

ALTER TABLE history ADD COLUMN ids TEXT; -- NULL: it is about `id`

DROP INDEX IF EXISTS e_order_sku;
DROP INDEX IF EXISTS e_order_bare_sku;

PRAGMA user_version = 10;
