-- Words for pages. An order, and what belongs to one, keeps in `url` a word from which the
-- address of its page is made when somebody looks (lib/catalog/page.h): the address was more
-- than a third of the row.

UPDATE e_order SET url = iif(instr(url, '/fbo'), 'fbo', 'fbs')
	WHERE url GLOB 'https://seller.ozon.ru/app/postings/*';
UPDATE e_parcel SET url = 'fbs'
	WHERE url GLOB 'https://seller.ozon.ru/app/postings/*' AND order_id IS NOT NULL;
UPDATE e_cancellation SET url = 'fbs'
	WHERE url GLOB 'https://seller.ozon.ru/app/postings/*' AND order_id IS NOT NULL;
UPDATE e_complaint SET url = 'fbs'
	WHERE url GLOB 'https://seller.ozon.ru/app/postings/*' AND order_id IS NOT NULL;

PRAGMA user_version = 12;
