BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
CREATE TABLE alert (
	alert TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	place TEXT NOT NULL, 
	text TEXT NOT NULL, 
	state TEXT NOT NULL, 
	occurrences INTEGER NOT NULL, 
	first_at_ms INTEGER NOT NULL, 
	last_at_ms INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (alert), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE badge (
	held TEXT NOT NULL, 
	badge TEXT NOT NULL, 
	person TEXT NOT NULL, 
	from_at_ms INTEGER NOT NULL, 
	to_at_ms INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (held), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE batch (
	batch TEXT NOT NULL, 
	destination TEXT NOT NULL, 
	carrier TEXT NOT NULL, 
	units INTEGER NOT NULL, 
	rinsed INTEGER NOT NULL, 
	left_at_ms INTEGER NOT NULL, 
	receipt TEXT NOT NULL, 
	centre TEXT NOT NULL, 
	received_on TEXT NOT NULL, 
	washed INTEGER NOT NULL, 
	unwashed INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (batch), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE board (
	board TEXT NOT NULL, 
	boot INTEGER NOT NULL, 
	count INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	version TEXT NOT NULL, 
	last_event_at_ms INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (board), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE chain_attempt (
	tx_hash TEXT NOT NULL, 
	outbox_id TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	nonce INTEGER NOT NULL, 
	raw TEXT NOT NULL, 
	max_fee TEXT NOT NULL, 
	tip TEXT NOT NULL, 
	created_at_ms INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (tx_hash), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE chain_attempt_shadow (
	tx_hash TEXT NOT NULL, 
	outbox_id TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	nonce INTEGER NOT NULL, 
	raw TEXT NOT NULL, 
	max_fee TEXT NOT NULL, 
	tip TEXT NOT NULL, 
	created_at_ms INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	db_user TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (tx_hash), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE chain_guard (
	chain TEXT NOT NULL, 
	chain_id INTEGER NOT NULL, 
	genesis_hash TEXT NOT NULL, 
	contract TEXT NOT NULL, 
	code_hash TEXT NOT NULL, 
	last_final_number INTEGER NOT NULL, 
	last_final_hash TEXT NOT NULL, 
	state TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	head_number INTEGER NOT NULL, 
	updated_at_ms INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (chain), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE chain_outbox (
	id TEXT NOT NULL, 
	chain TEXT NOT NULL, 
	event_id TEXT NOT NULL, 
	package TEXT NOT NULL, 
	token_id TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	method TEXT NOT NULL, 
	kind INTEGER NOT NULL, 
	args_json TEXT NOT NULL, 
	data_hash TEXT NOT NULL, 
	sender TEXT NOT NULL, 
	depends_on TEXT NOT NULL, 
	state TEXT NOT NULL, 
	nonce INTEGER NOT NULL, 
	gas_limit INTEGER NOT NULL, 
	tries INTEGER NOT NULL, 
	next_try_at_ms INTEGER NOT NULL, 
	block_number INTEGER NOT NULL, 
	block_hash TEXT NOT NULL, 
	tx_hash TEXT NOT NULL, 
	last_push_at_ms INTEGER NOT NULL, 
	error_code TEXT NOT NULL, 
	error_text TEXT NOT NULL, 
	created_at_ms INTEGER NOT NULL, 
	updated_at_ms INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (id), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE checkpoint (
	size INTEGER NOT NULL, 
	root BLOB NOT NULL, 
	note TEXT NOT NULL, 
	range_json TEXT NOT NULL, 
	link BLOB NOT NULL, 
	at_ms INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (size), 
	CHECK (length(root) = 32), 
	CHECK (length(link) = 32), 
	CHECK (length(hash) = 32)
)
 STRICT

;
INSERT INTO "checkpoint" VALUES(2,X'9B11405E753A4CC8FA94511945C83E58334627199EA67C109ADFE8DBDA336F84','fognode.example/farm-7
2
mxFAXnU6TMj6lFEZRcg+WDNGJxmepnwQmt/o29ozb4Q=

— fognode.example/farm-7 EhrI4YtZwwRF2V5r5Mjo7AtDIoU5x8jZFRBRvXuUWmJHYDohc+rnJNUACgyCj3NBrTtf/Sk/Kp/78Uz9SVz01MWpngE=
','["9b11405e753a4cc8fa94511945c83e58334627199ea67c109adfe8dbda336f84"]',X'ACE65073ED6F894154E6E397DFA3DC833262BDB6907D75CAA4E16775DED56EE9',1,X'72BCB3F814C2AF8007C9D9395C261B443CAD5831F3B750F24B28B5ACE6C78F86');
CREATE TABLE checkpoint_shadow (
	size INTEGER NOT NULL, 
	root BLOB NOT NULL, 
	note TEXT NOT NULL, 
	range_json TEXT NOT NULL, 
	link BLOB NOT NULL, 
	at_ms INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	db_user TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (size), 
	CHECK (length(root) = 32), 
	CHECK (length(link) = 32), 
	CHECK (length(hash) = 32)
)
 STRICT

;
INSERT INTO "checkpoint_shadow" VALUES(2,X'9B11405E753A4CC8FA94511945C83E58334627199EA67C109ADFE8DBDA336F84','fognode.example/farm-7
2
mxFAXnU6TMj6lFEZRcg+WDNGJxmepnwQmt/o29ozb4Q=

— fognode.example/farm-7 EhrI4YtZwwRF2V5r5Mjo7AtDIoU5x8jZFRBRvXuUWmJHYDohc+rnJNUACgyCj3NBrTtf/Sk/Kp/78Uz9SVz01MWpngE=
','["9b11405e753a4cc8fa94511945c83e58334627199ea67c109adfe8dbda336f84"]',X'ACE65073ED6F894154E6E397DFA3DC833262BDB6907D75CAA4E16775DED56EE9',1,X'72BCB3F814C2AF8007C9D9395C261B443CAD5831F3B750F24B28B5ACE6C78F86','file','2026-11-22 06:27:10.743');
CREATE TABLE counter (
	scale TEXT NOT NULL, 
	count INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (scale), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE crop_rule (
	rule TEXT NOT NULL, 
	gtin TEXT NOT NULL, 
	crop TEXT NOT NULL, 
	valid_from TEXT NOT NULL, 
	phi_days INTEGER NOT NULL, 
	rei_hours INTEGER NOT NULL, 
	max_dose_ml_per_ha INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (rule), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE cursor (
	follower TEXT NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (follower), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE custody (
	session TEXT NOT NULL, 
	package TEXT NOT NULL, 
	person TEXT NOT NULL, 
	authorised_by TEXT NOT NULL, 
	out_cabinet TEXT NOT NULL, 
	out_opening TEXT NOT NULL, 
	out_at_ms INTEGER NOT NULL, 
	in_cabinet TEXT NOT NULL, 
	in_opening TEXT NOT NULL, 
	in_at_ms INTEGER NOT NULL, 
	used_g INTEGER NOT NULL, 
	u_g INTEGER NOT NULL, 
	declared_g INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	sentence TEXT NOT NULL, 
	sure_permille INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (session), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE deadline (
	package TEXT NOT NULL, 
	due_on TEXT NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (package), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE discrepancy (
	discrepancy TEXT NOT NULL, 
	opening TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	text TEXT NOT NULL, 
	state TEXT NOT NULL, 
	found_at_ms INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, package TEXT DEFAULT '' NOT NULL, person TEXT DEFAULT '' NOT NULL, delta_g INTEGER DEFAULT 0 NOT NULL, u_g INTEGER DEFAULT 0 NOT NULL, closed_by TEXT DEFAULT '' NOT NULL, reason TEXT DEFAULT '' NOT NULL, explanation TEXT DEFAULT '' NOT NULL, closed_at_ms INTEGER DEFAULT 0 NOT NULL, escalated_at_ms INTEGER DEFAULT 0 NOT NULL, 
	PRIMARY KEY (discrepancy), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE event (
	seq INTEGER NOT NULL, 
	event_id BLOB NOT NULL, 
	body BLOB NOT NULL, 
	prev_hash BLOB NOT NULL, 
	hash BLOB NOT NULL, 
	kind TEXT GENERATED ALWAYS AS (json_extract(CAST(body AS TEXT), '$.kind')) VIRTUAL, 
	origin TEXT GENERATED ALWAYS AS (json_extract(CAST(body AS TEXT), '$.origin')) VIRTUAL, 
	happened_at_ms INTEGER GENERATED ALWAYS AS (json_extract(CAST(body AS TEXT), '$.happened_at_ms')) VIRTUAL, about TEXT GENERATED ALWAYS AS (coalesce(json_extract(CAST(body AS TEXT), '$.facts.package'), json_extract(CAST(body AS TEXT), '$.facts.about'), json_extract(CAST(body AS TEXT), '$.facts.corrects'))) VIRTUAL, 
	PRIMARY KEY (seq), 
	CHECK (length(prev_hash) = 32), 
	CHECK (length(hash) = 32), 
	UNIQUE (event_id), 
	UNIQUE (prev_hash), 
	CHECK (json_valid(CAST(body AS TEXT)))
)
 STRICT

;
INSERT INTO "event" VALUES(1,X'13C61F0B4DBAC55B1E26B7445599F1ED',X'7B22626F6172645F6D73223A3132333435362C22626F6F745F6964223A223566336139633065222C22636C6F636B5F6F6B223A312C226661637473223A7B226C696768745F636F756E7473223A3835392C2273656E736F72223A224C31227D2C226661726D223A226661726D2D37222C2268617070656E65645F61745F6D73223A313739353234313532303132332C226B696E64223A226C696768745F6F70656E222C226D6F6E6F5F6D73223A38363430303137312C226F726967696E223A22622F63616230312F31372F3432222C227265636F726465645F61745F6D73223A313739353234313532303137312C2276223A317D',X'0000000000000000000000000000000000000000000000000000000000000000',X'35521EDCA00105A914E4F009C55C0A1AD6A275B26FD7A592729E348CC0C6C38E');
INSERT INTO "event" VALUES(2,X'2B3A20D0CD5B63073F56D991FC96C00C',X'7B22626F6F745F6964223A223566336139633065222C22636C6F636B5F6F6B223A312C226661637473223A7B22706C616365223A2241726DC3A172696F2031227D2C226661726D223A226661726D2D37222C2268617070656E65645F61745F6D73223A313739353234313532303132332C226B696E64223A226F70656E426F78222C226D6F6E6F5F6D73223A38363430303139302C226F726967696E223A22722F6F70656E5F626F782F31336336316630623464626163353562316532366237343435353939663165642F31222C227265636F726465645F61745F6D73223A313739353234313532303139302C2272756C655F76223A312C2276223A317D',X'35521EDCA00105A914E4F009C55C0A1AD6A275B26FD7A592729E348CC0C6C38E',X'ACE65073ED6F894154E6E397DFA3DC833262BDB6907D75CAA4E16775DED56EE9');
CREATE TABLE event_shadow (
	seq INTEGER NOT NULL, 
	event_id BLOB NOT NULL, 
	body BLOB NOT NULL, 
	prev_hash BLOB NOT NULL, 
	hash BLOB NOT NULL, 
	db_user TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	CHECK (length(prev_hash) = 32), 
	CHECK (length(hash) = 32)
)
 STRICT

;
INSERT INTO "event_shadow" VALUES(1,X'13C61F0B4DBAC55B1E26B7445599F1ED',X'7B22626F6172645F6D73223A3132333435362C22626F6F745F6964223A223566336139633065222C22636C6F636B5F6F6B223A312C226661637473223A7B226C696768745F636F756E7473223A3835392C2273656E736F72223A224C31227D2C226661726D223A226661726D2D37222C2268617070656E65645F61745F6D73223A313739353234313532303132332C226B696E64223A226C696768745F6F70656E222C226D6F6E6F5F6D73223A38363430303137312C226F726967696E223A22622F63616230312F31372F3432222C227265636F726465645F61745F6D73223A313739353234313532303137312C2276223A317D',X'0000000000000000000000000000000000000000000000000000000000000000',X'35521EDCA00105A914E4F009C55C0A1AD6A275B26FD7A592729E348CC0C6C38E','file','2026-11-22 06:27:10.739');
INSERT INTO "event_shadow" VALUES(2,X'2B3A20D0CD5B63073F56D991FC96C00C',X'7B22626F6F745F6964223A223566336139633065222C22636C6F636B5F6F6B223A312C226661637473223A7B22706C616365223A2241726DC3A172696F2031227D2C226661726D223A226661726D2D37222C2268617070656E65645F61745F6D73223A313739353234313532303132332C226B696E64223A226F70656E426F78222C226D6F6E6F5F6D73223A38363430303139302C226F726967696E223A22722F6F70656E5F626F782F31336336316630623464626163353562316532366237343435353939663165642F31222C227265636F726465645F61745F6D73223A313739353234313532303139302C2272756C655F76223A312C2276223A317D',X'35521EDCA00105A914E4F009C55C0A1AD6A275B26FD7A592729E348CC0C6C38E',X'ACE65073ED6F894154E6E397DFA3DC833262BDB6907D75CAA4E16775DED56EE9','file','2026-11-22 06:27:10.739');
CREATE TABLE expected (
	expected TEXT NOT NULL, 
	invoice TEXT NOT NULL, 
	gtin TEXT NOT NULL, 
	name TEXT NOT NULL, 
	lot TEXT NOT NULL, 
	expires_on TEXT NOT NULL, 
	quantity TEXT NOT NULL, 
	unit TEXT NOT NULL, 
	wanted INTEGER NOT NULL, 
	confirmed INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (expected), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE finding (
	finding TEXT NOT NULL, 
	task TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	text TEXT NOT NULL, 
	model TEXT NOT NULL, 
	found_at_ms INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (finding), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE gov_attempt (
	mov_id TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	outcome TEXT NOT NULL, 
	protocol TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	at_ms INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (mov_id, attempt), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE gov_attempt_shadow (
	mov_id TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	outcome TEXT NOT NULL, 
	protocol TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	at_ms INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	db_user TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (mov_id, attempt), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE gov_document (
	mov_id TEXT NOT NULL, 
	exact_bytes BLOB NOT NULL, 
	sha256 BLOB NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (mov_id), 
	CHECK (length(sha256) = 32), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE gov_document_shadow (
	mov_id TEXT NOT NULL, 
	exact_bytes BLOB NOT NULL, 
	sha256 BLOB NOT NULL, 
	hash BLOB NOT NULL, 
	db_user TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (mov_id), 
	CHECK (length(sha256) = 32), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE gov_outbox (
	id TEXT NOT NULL, 
	regulator TEXT NOT NULL, 
	event_id TEXT NOT NULL, 
	mov_id TEXT NOT NULL, 
	state TEXT NOT NULL, 
	tries INTEGER NOT NULL, 
	next_try_at_ms INTEGER NOT NULL, 
	protocol TEXT NOT NULL, 
	last_error TEXT NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (id), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE invoice (
	invoice TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	supplier TEXT NOT NULL, 
	issued_on TEXT NOT NULL, 
	prescriptions TEXT NOT NULL, 
	state TEXT NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (invoice), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE mail_attempt (
	outbox_id TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	outcome TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	at_ms INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (outbox_id, attempt), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE mail_attempt_shadow (
	outbox_id TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	outcome TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	at_ms INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	db_user TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (outbox_id, attempt), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE mail_outbox (
	id TEXT NOT NULL, 
	event_id TEXT NOT NULL, 
	person TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	message_id TEXT NOT NULL, 
	due_at_ms INTEGER NOT NULL, 
	tries INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	next_try_at_ms INTEGER NOT NULL, 
	last_error TEXT NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (id), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE model_version (
	id TEXT NOT NULL, 
	task TEXT NOT NULL, 
	algorithm TEXT NOT NULL, 
	libraries TEXT NOT NULL, 
	window_from_ms INTEGER NOT NULL, 
	window_to_ms INTEGER NOT NULL, 
	row_count INTEGER NOT NULL, 
	rows_sha256 TEXT NOT NULL, 
	params TEXT NOT NULL, 
	metrics TEXT NOT NULL, 
	probe_hash TEXT NOT NULL, 
	file_sha256 TEXT NOT NULL, 
	status TEXT NOT NULL, 
	created_at_ms INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (id), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE model_version_shadow (
	id TEXT NOT NULL, 
	task TEXT NOT NULL, 
	algorithm TEXT NOT NULL, 
	libraries TEXT NOT NULL, 
	window_from_ms INTEGER NOT NULL, 
	window_to_ms INTEGER NOT NULL, 
	row_count INTEGER NOT NULL, 
	rows_sha256 TEXT NOT NULL, 
	params TEXT NOT NULL, 
	metrics TEXT NOT NULL, 
	probe_hash TEXT NOT NULL, 
	file_sha256 TEXT NOT NULL, 
	status TEXT NOT NULL, 
	created_at_ms INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	db_user TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE movement (
	movement TEXT NOT NULL, 
	package TEXT NOT NULL, 
	gtin TEXT NOT NULL, 
	what TEXT NOT NULL, 
	delta_g INTEGER NOT NULL, 
	net_g INTEGER NOT NULL, 
	u_g INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	place TEXT NOT NULL, 
	person TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	cause TEXT NOT NULL, 
	at_ms INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (movement), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE opening (
	opening TEXT NOT NULL, 
	cabinet TEXT NOT NULL, 
	person TEXT NOT NULL, 
	opened_at_ms INTEGER NOT NULL, 
	closed_at_ms INTEGER NOT NULL, 
	delta_g INTEGER NOT NULL, 
	packages_out TEXT NOT NULL, 
	packages_in TEXT NOT NULL, 
	verdict TEXT NOT NULL, 
	sentence TEXT NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, authorised_by TEXT DEFAULT '' NOT NULL, sure_permille INTEGER DEFAULT 0 NOT NULL, declared_g INTEGER DEFAULT 0 NOT NULL, 
	PRIMARY KEY (opening), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE package (
	package TEXT NOT NULL, 
	gtin TEXT NOT NULL, 
	serial TEXT NOT NULL, 
	lot TEXT NOT NULL, 
	expires_on TEXT NOT NULL, 
	invoice TEXT NOT NULL, 
	tag TEXT NOT NULL, 
	packaging TEXT NOT NULL, 
	source TEXT NOT NULL, 
	site TEXT NOT NULL, 
	gross_g INTEGER NOT NULL, 
	tare_g INTEGER NOT NULL, 
	state INTEGER NOT NULL, 
	holder TEXT NOT NULL, 
	out_since_at_ms INTEGER NOT NULL, 
	received_at_ms INTEGER NOT NULL, 
	token_id TEXT NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (package), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE partner_attempt (
	outbox_id TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	outcome TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	at_ms INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (outbox_id, attempt), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE partner_attempt_shadow (
	outbox_id TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	outcome TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	at_ms INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	db_user TEXT NOT NULL, 
	at TEXT NOT NULL, 
	PRIMARY KEY (outbox_id, attempt), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE partner_outbox (
	id TEXT NOT NULL, 
	partner TEXT NOT NULL, 
	event_id TEXT NOT NULL, 
	document TEXT NOT NULL, 
	state TEXT NOT NULL, 
	tries INTEGER NOT NULL, 
	next_try_at_ms INTEGER NOT NULL, 
	last_error TEXT NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (id), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE person (
	person TEXT NOT NULL, 
	alias TEXT NOT NULL, 
	badge TEXT NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, role TEXT DEFAULT '' NOT NULL, licence_until TEXT DEFAULT '' NOT NULL, least_class INTEGER DEFAULT 0 NOT NULL, cabinets TEXT DEFAULT '' NOT NULL, may_authorise INTEGER DEFAULT 0 NOT NULL, 
	PRIMARY KEY (person), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE points (
	entry TEXT NOT NULL, 
	package TEXT NOT NULL, 
	step TEXT NOT NULL, 
	points INTEGER NOT NULL, 
	private_tx TEXT NOT NULL, 
	public_tx TEXT NOT NULL, 
	earned_at_ms INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (entry), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE prescription (
	prescription TEXT NOT NULL, 
	professional TEXT NOT NULL, 
	gtin TEXT NOT NULL, 
	crop TEXT NOT NULL, 
	area_m2 INTEGER NOT NULL, 
	dose_ml_per_ha INTEGER NOT NULL, 
	phi_days INTEGER NOT NULL, 
	valid_until TEXT NOT NULL, 
	invoice TEXT NOT NULL, 
	unit TEXT NOT NULL, 
	limit_amount INTEGER NOT NULL, 
	bought_amount INTEGER NOT NULL, 
	used_amount INTEGER NOT NULL, 
	u_amount INTEGER NOT NULL, 
	bought_verdict TEXT NOT NULL, 
	used_verdict TEXT NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (prescription), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE product (
	gtin TEXT NOT NULL, 
	name TEXT NOT NULL, 
	registration TEXT NOT NULL, 
	packaging TEXT NOT NULL, 
	density_g_per_l INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, active TEXT DEFAULT '' NOT NULL, hazard_class INTEGER DEFAULT 0 NOT NULL, hazards TEXT DEFAULT '' NOT NULL, first_aid TEXT DEFAULT '' NOT NULL, guarded INTEGER DEFAULT 0 NOT NULL, content_g INTEGER DEFAULT 0 NOT NULL, content_ml INTEGER DEFAULT 0 NOT NULL, tare_g INTEGER DEFAULT 0 NOT NULL, warn_level_g INTEGER DEFAULT 0 NOT NULL, lead_days INTEGER DEFAULT 0 NOT NULL, opened_life_days INTEGER DEFAULT 0 NOT NULL, needs_witness INTEGER DEFAULT 0 NOT NULL, cost_cents INTEGER DEFAULT 0 NOT NULL, hours TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (gtin), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE review (
	opening TEXT NOT NULL, 
	verdict TEXT NOT NULL, 
	text TEXT NOT NULL, 
	reviewed_by TEXT NOT NULL, 
	reviewed_at_ms INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (opening), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE sample (
	board TEXT NOT NULL, 
	at_ms INTEGER NOT NULL, 
	board_ms INTEGER NOT NULL, 
	boot INTEGER NOT NULL, 
	readings TEXT NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (board, at_ms, board_ms), 
	CHECK (length(hash) = 32)
)
 WITHOUT ROWID,
 STRICT

;
INSERT INTO "sample" VALUES('cab01',1795241520123,124500,17,'L1=859,D1=415,W1=420013',X'DE5B80ABFB1DA6C7D29500E8FE8CE7445186000A28069B3DAECDB418251AEEC1');
CREATE TABLE stock (
	package TEXT NOT NULL, 
	gtin TEXT NOT NULL, 
	place TEXT NOT NULL, 
	state TEXT NOT NULL, 
	gross_g INTEGER NOT NULL, 
	tare_g INTEGER NOT NULL, 
	tare_with_lid INTEGER NOT NULL, 
	net_g INTEGER NOT NULL, 
	u_g INTEGER NOT NULL, 
	opened_on TEXT NOT NULL, 
	effective_expiry TEXT NOT NULL, 
	counted_only INTEGER NOT NULL, 
	doubted INTEGER NOT NULL, 
	weighed INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (package), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE stock_total (
	gtin TEXT NOT NULL, 
	net_g INTEGER NOT NULL, 
	u_g INTEGER NOT NULL, 
	packages INTEGER NOT NULL, 
	warn_level_g INTEGER NOT NULL, 
	low INTEGER NOT NULL, 
	value_cents INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (gtin), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE stocktake (
	stocktake TEXT NOT NULL, 
	cabinet TEXT NOT NULL, 
	person TEXT NOT NULL, 
	opened_at_ms INTEGER NOT NULL, 
	closed_at_ms INTEGER NOT NULL, 
	expected INTEGER NOT NULL, 
	counted INTEGER NOT NULL, 
	differences INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (stocktake), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE supplier (
	supplier TEXT NOT NULL, 
	name TEXT NOT NULL, 
	cnpj TEXT NOT NULL, 
	on_chain INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (supplier), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE tag_binding (
	binding TEXT NOT NULL, 
	tag TEXT NOT NULL, 
	package TEXT NOT NULL, 
	from_at_ms INTEGER NOT NULL, 
	to_at_ms INTEGER NOT NULL, 
	bound_by TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	unbound_by TEXT NOT NULL, 
	unbound_reason TEXT NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (binding), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE way_back (
	package TEXT NOT NULL, 
	route TEXT NOT NULL, 
	shown TEXT NOT NULL, 
	photo TEXT NOT NULL, 
	prepared_at_ms INTEGER NOT NULL, 
	left_at_ms INTEGER NOT NULL, 
	batch TEXT NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (package), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE TABLE work_order (
	work_order TEXT NOT NULL, 
	person TEXT NOT NULL, 
	package TEXT NOT NULL, 
	gtin TEXT NOT NULL, 
	place TEXT NOT NULL, 
	from_at_ms INTEGER NOT NULL, 
	until_at_ms INTEGER NOT NULL, 
	ordered_by TEXT NOT NULL, 
	given_at_ms INTEGER NOT NULL, 
	as_of_seq INTEGER NOT NULL, 
	hash BLOB NOT NULL, 
	PRIMARY KEY (work_order), 
	CHECK (length(hash) = 32)
)
 STRICT

;
CREATE INDEX event_happened ON event (happened_at_ms);
CREATE INDEX event_kind ON event (kind);
CREATE UNIQUE INDEX chain_outbox_step ON chain_outbox (chain, event_id);
CREATE INDEX chain_outbox_due ON chain_outbox (chain, state, next_try_at_ms);
CREATE TRIGGER event_check BEFORE INSERT ON event BEGIN
        SELECT RAISE(ABORT, '30005 seq is not the next')
         WHERE NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM event);
        SELECT RAISE(ABORT, '30005 event_id is known')
         WHERE EXISTS (SELECT 1 FROM event WHERE event_id = NEW.event_id);
        SELECT RAISE(ABORT, '30002 prev_hash is not the last hash')
         WHERE NEW.prev_hash IS NOT coalesce(
               (SELECT hash FROM event WHERE seq = NEW.seq - 1), zeroblob(32));
        SELECT RAISE(ABORT, '30001 hash does not match')
         WHERE NEW.hash IS NOT link_hash(NEW.prev_hash, NEW.body);
        SELECT RAISE(ABORT, '30004 event_id does not match')
         WHERE coalesce(json_extract(CAST(NEW.body AS TEXT), '$.origin'), '') = ''
            OR NEW.event_id IS NOT event_id(json_extract(CAST(NEW.body AS TEXT), '$.origin'));
        END;
CREATE TRIGGER event_copy AFTER INSERT ON event BEGIN INSERT INTO event_shadow (seq, event_id, body, prev_hash, hash, db_user, at) VALUES (NEW.seq, NEW.event_id, NEW.body, NEW.prev_hash, NEW.hash, 'file', strftime('%Y-%m-%d %H:%M:%f', 'now')); END;
CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, '30003 event is insert-only'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, '30003 event is insert-only'); END;
CREATE TRIGGER event_shadow_no_update BEFORE UPDATE ON event_shadow BEGIN SELECT RAISE(ABORT, '30003 event_shadow is insert-only'); END;
CREATE TRIGGER event_shadow_no_delete BEFORE DELETE ON event_shadow BEGIN SELECT RAISE(ABORT, '30003 event_shadow is insert-only'); END;
CREATE TRIGGER mail_attempt_check BEFORE INSERT ON mail_attempt BEGIN SELECT RAISE(ABORT, '30005 row is known') WHERE EXISTS (SELECT 1 FROM mail_attempt WHERE outbox_id = NEW.outbox_id AND attempt = NEW.attempt); END;
CREATE TRIGGER mail_attempt_copy AFTER INSERT ON mail_attempt BEGIN INSERT INTO mail_attempt_shadow (outbox_id, attempt, outcome, detail, at_ms, hash, db_user, at) VALUES (NEW.outbox_id, NEW.attempt, NEW.outcome, NEW.detail, NEW.at_ms, NEW.hash, 'file', strftime('%Y-%m-%d %H:%M:%f', 'now')); END;
CREATE TRIGGER mail_attempt_no_update BEFORE UPDATE ON mail_attempt BEGIN SELECT RAISE(ABORT, '30003 mail_attempt is insert-only'); END;
CREATE TRIGGER mail_attempt_no_delete BEFORE DELETE ON mail_attempt BEGIN SELECT RAISE(ABORT, '30003 mail_attempt is insert-only'); END;
CREATE TRIGGER mail_attempt_shadow_no_update BEFORE UPDATE ON mail_attempt_shadow BEGIN SELECT RAISE(ABORT, '30003 mail_attempt_shadow is insert-only'); END;
CREATE TRIGGER mail_attempt_shadow_no_delete BEFORE DELETE ON mail_attempt_shadow BEGIN SELECT RAISE(ABORT, '30003 mail_attempt_shadow is insert-only'); END;
CREATE TRIGGER chain_attempt_check BEFORE INSERT ON chain_attempt BEGIN SELECT RAISE(ABORT, '30005 row is known') WHERE EXISTS (SELECT 1 FROM chain_attempt WHERE tx_hash = NEW.tx_hash); END;
CREATE TRIGGER chain_attempt_copy AFTER INSERT ON chain_attempt BEGIN INSERT INTO chain_attempt_shadow (tx_hash, outbox_id, seq, nonce, raw, max_fee, tip, created_at_ms, hash, db_user, at) VALUES (NEW.tx_hash, NEW.outbox_id, NEW.seq, NEW.nonce, NEW.raw, NEW.max_fee, NEW.tip, NEW.created_at_ms, NEW.hash, 'file', strftime('%Y-%m-%d %H:%M:%f', 'now')); END;
CREATE TRIGGER chain_attempt_no_update BEFORE UPDATE ON chain_attempt BEGIN SELECT RAISE(ABORT, '30003 chain_attempt is insert-only'); END;
CREATE TRIGGER chain_attempt_no_delete BEFORE DELETE ON chain_attempt BEGIN SELECT RAISE(ABORT, '30003 chain_attempt is insert-only'); END;
CREATE TRIGGER chain_attempt_shadow_no_update BEFORE UPDATE ON chain_attempt_shadow BEGIN SELECT RAISE(ABORT, '30003 chain_attempt_shadow is insert-only'); END;
CREATE TRIGGER chain_attempt_shadow_no_delete BEFORE DELETE ON chain_attempt_shadow BEGIN SELECT RAISE(ABORT, '30003 chain_attempt_shadow is insert-only'); END;
CREATE TRIGGER partner_attempt_check BEFORE INSERT ON partner_attempt BEGIN SELECT RAISE(ABORT, '30005 row is known') WHERE EXISTS (SELECT 1 FROM partner_attempt WHERE outbox_id = NEW.outbox_id AND attempt = NEW.attempt); END;
CREATE TRIGGER partner_attempt_copy AFTER INSERT ON partner_attempt BEGIN INSERT INTO partner_attempt_shadow (outbox_id, attempt, outcome, detail, at_ms, hash, db_user, at) VALUES (NEW.outbox_id, NEW.attempt, NEW.outcome, NEW.detail, NEW.at_ms, NEW.hash, 'file', strftime('%Y-%m-%d %H:%M:%f', 'now')); END;
CREATE TRIGGER partner_attempt_no_update BEFORE UPDATE ON partner_attempt BEGIN SELECT RAISE(ABORT, '30003 partner_attempt is insert-only'); END;
CREATE TRIGGER partner_attempt_no_delete BEFORE DELETE ON partner_attempt BEGIN SELECT RAISE(ABORT, '30003 partner_attempt is insert-only'); END;
CREATE TRIGGER partner_attempt_shadow_no_update BEFORE UPDATE ON partner_attempt_shadow BEGIN SELECT RAISE(ABORT, '30003 partner_attempt_shadow is insert-only'); END;
CREATE TRIGGER partner_attempt_shadow_no_delete BEFORE DELETE ON partner_attempt_shadow BEGIN SELECT RAISE(ABORT, '30003 partner_attempt_shadow is insert-only'); END;
CREATE TRIGGER gov_document_check BEFORE INSERT ON gov_document BEGIN SELECT RAISE(ABORT, '30005 row is known') WHERE EXISTS (SELECT 1 FROM gov_document WHERE mov_id = NEW.mov_id); END;
CREATE TRIGGER gov_document_copy AFTER INSERT ON gov_document BEGIN INSERT INTO gov_document_shadow (mov_id, exact_bytes, sha256, hash, db_user, at) VALUES (NEW.mov_id, NEW.exact_bytes, NEW.sha256, NEW.hash, 'file', strftime('%Y-%m-%d %H:%M:%f', 'now')); END;
CREATE TRIGGER gov_document_no_update BEFORE UPDATE ON gov_document BEGIN SELECT RAISE(ABORT, '30003 gov_document is insert-only'); END;
CREATE TRIGGER gov_document_no_delete BEFORE DELETE ON gov_document BEGIN SELECT RAISE(ABORT, '30003 gov_document is insert-only'); END;
CREATE TRIGGER gov_document_shadow_no_update BEFORE UPDATE ON gov_document_shadow BEGIN SELECT RAISE(ABORT, '30003 gov_document_shadow is insert-only'); END;
CREATE TRIGGER gov_document_shadow_no_delete BEFORE DELETE ON gov_document_shadow BEGIN SELECT RAISE(ABORT, '30003 gov_document_shadow is insert-only'); END;
CREATE TRIGGER gov_attempt_check BEFORE INSERT ON gov_attempt BEGIN SELECT RAISE(ABORT, '30005 row is known') WHERE EXISTS (SELECT 1 FROM gov_attempt WHERE mov_id = NEW.mov_id AND attempt = NEW.attempt); END;
CREATE TRIGGER gov_attempt_copy AFTER INSERT ON gov_attempt BEGIN INSERT INTO gov_attempt_shadow (mov_id, attempt, outcome, protocol, detail, at_ms, hash, db_user, at) VALUES (NEW.mov_id, NEW.attempt, NEW.outcome, NEW.protocol, NEW.detail, NEW.at_ms, NEW.hash, 'file', strftime('%Y-%m-%d %H:%M:%f', 'now')); END;
CREATE TRIGGER gov_attempt_no_update BEFORE UPDATE ON gov_attempt BEGIN SELECT RAISE(ABORT, '30003 gov_attempt is insert-only'); END;
CREATE TRIGGER gov_attempt_no_delete BEFORE DELETE ON gov_attempt BEGIN SELECT RAISE(ABORT, '30003 gov_attempt is insert-only'); END;
CREATE TRIGGER gov_attempt_shadow_no_update BEFORE UPDATE ON gov_attempt_shadow BEGIN SELECT RAISE(ABORT, '30003 gov_attempt_shadow is insert-only'); END;
CREATE TRIGGER gov_attempt_shadow_no_delete BEFORE DELETE ON gov_attempt_shadow BEGIN SELECT RAISE(ABORT, '30003 gov_attempt_shadow is insert-only'); END;
CREATE TRIGGER model_version_check BEFORE INSERT ON model_version BEGIN SELECT RAISE(ABORT, '30005 row is known') WHERE EXISTS (SELECT 1 FROM model_version WHERE id = NEW.id); END;
CREATE TRIGGER model_version_copy AFTER INSERT ON model_version BEGIN INSERT INTO model_version_shadow (id, task, algorithm, libraries, window_from_ms, window_to_ms, row_count, rows_sha256, params, metrics, probe_hash, file_sha256, status, created_at_ms, hash, db_user, at) VALUES (NEW.id, NEW.task, NEW.algorithm, NEW.libraries, NEW.window_from_ms, NEW.window_to_ms, NEW.row_count, NEW.rows_sha256, NEW.params, NEW.metrics, NEW.probe_hash, NEW.file_sha256, NEW.status, NEW.created_at_ms, NEW.hash, 'file', strftime('%Y-%m-%d %H:%M:%f', 'now')); END;
CREATE TRIGGER model_version_no_update BEFORE UPDATE ON model_version BEGIN SELECT RAISE(ABORT, '30003 model_version is insert-only'); END;
CREATE TRIGGER model_version_no_delete BEFORE DELETE ON model_version BEGIN SELECT RAISE(ABORT, '30003 model_version is insert-only'); END;
CREATE TRIGGER model_version_shadow_no_update BEFORE UPDATE ON model_version_shadow BEGIN SELECT RAISE(ABORT, '30003 model_version_shadow is insert-only'); END;
CREATE TRIGGER model_version_shadow_no_delete BEFORE DELETE ON model_version_shadow BEGIN SELECT RAISE(ABORT, '30003 model_version_shadow is insert-only'); END;
CREATE VIEW chain_head AS SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1;
CREATE VIEW staging AS
    SELECT seq, kind, origin, happened_at_ms, kind = 'rejected' AS rejected,
           coalesce(json_extract(CAST(body AS TEXT), '$.facts.reason'), '') AS reason, hash
    FROM event WHERE origin LIKE 'b/%' OR kind = 'rejected';
CREATE TRIGGER checkpoint_check BEFORE INSERT ON checkpoint BEGIN
    SELECT RAISE(ABORT, '30005 row is known')
     WHERE EXISTS (SELECT 1 FROM checkpoint WHERE size = NEW.size);
    END;
CREATE TRIGGER checkpoint_copy AFTER INSERT ON checkpoint BEGIN
    INSERT INTO checkpoint_shadow
        (size, root, note, range_json, link, at_ms, hash, db_user, at)
    VALUES (NEW.size, NEW.root, NEW.note, NEW.range_json, NEW.link, NEW.at_ms, NEW.hash,
        'file', strftime('%Y-%m-%d %H:%M:%f', 'now'));
    END;
CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint BEGIN
    SELECT RAISE(ABORT, '30003 checkpoint is insert-only'); END;
CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint BEGIN
    SELECT RAISE(ABORT, '30003 checkpoint is insert-only'); END;
CREATE TRIGGER checkpoint_shadow_no_update BEFORE UPDATE ON checkpoint_shadow BEGIN
    SELECT RAISE(ABORT, '30003 checkpoint_shadow is insert-only'); END;
CREATE TRIGGER checkpoint_shadow_no_delete BEFORE DELETE ON checkpoint_shadow BEGIN
    SELECT RAISE(ABORT, '30003 checkpoint_shadow is insert-only'); END;
CREATE INDEX event_about ON event (about) WHERE about IS NOT NULL;
CREATE INDEX chain_attempt_step ON chain_attempt (outbox_id);
CREATE INDEX package_state ON package (state, out_since_at_ms);
CREATE INDEX package_changed ON package (as_of_seq);
CREATE INDEX opening_newest ON opening (opened_at_ms);
CREATE INDEX opening_cabinet ON opening (cabinet, opened_at_ms);
CREATE INDEX discrepancy_state ON discrepancy (state, found_at_ms);
CREATE INDEX points_step ON points (step, points);
CREATE INDEX points_newest ON points (earned_at_ms);
CREATE INDEX points_package ON points (package);
CREATE INDEX points_changed ON points (as_of_seq);
CREATE INDEX alert_state ON alert (state, last_at_ms);
CREATE INDEX alert_changed ON alert (as_of_seq);
CREATE INDEX mail_outbox_due ON mail_outbox (state, due_at_ms);
CREATE INDEX chain_outbox_newest ON chain_outbox (chain, created_at_ms);
CREATE INDEX chain_outbox_package ON chain_outbox (package, created_at_ms);
CREATE INDEX chain_outbox_token ON chain_outbox (token_id);
CREATE INDEX chain_outbox_changed ON chain_outbox (as_of_seq);
CREATE INDEX partner_outbox_due ON partner_outbox (state, as_of_seq);
CREATE INDEX partner_outbox_changed ON partner_outbox (as_of_seq);
CREATE INDEX gov_outbox_due ON gov_outbox (state, as_of_seq);
CREATE INDEX gov_outbox_changed ON gov_outbox (as_of_seq);
CREATE INDEX finding_newest ON finding (task, found_at_ms);
CREATE INDEX product_changed ON product (as_of_seq);
CREATE INDEX person_changed ON person (as_of_seq);
CREATE INDEX opening_changed ON opening (as_of_seq);
CREATE INDEX discrepancy_changed ON discrepancy (as_of_seq);
CREATE INDEX finding_changed ON finding (as_of_seq);
CREATE INDEX batch_changed ON batch (as_of_seq);
CREATE INDEX counter_changed ON counter (as_of_seq);
CREATE INDEX deadline_changed ON deadline (as_of_seq);
CREATE INDEX way_back_changed ON way_back (as_of_seq);
CREATE INDEX badge_changed ON badge (as_of_seq);
CREATE INDEX work_order_changed ON work_order (as_of_seq);
CREATE INDEX tag_binding_changed ON tag_binding (as_of_seq);
CREATE INDEX prescription_changed ON prescription (as_of_seq);
CREATE INDEX crop_rule_changed ON crop_rule (as_of_seq);
CREATE INDEX supplier_changed ON supplier (as_of_seq);
CREATE INDEX stock_changed ON stock (as_of_seq);
CREATE INDEX stock_total_changed ON stock_total (as_of_seq);
CREATE INDEX movement_changed ON movement (as_of_seq);
CREATE INDEX stocktake_changed ON stocktake (as_of_seq);
CREATE INDEX custody_changed ON custody (as_of_seq);
CREATE INDEX review_changed ON review (as_of_seq);
CREATE INDEX invoice_changed ON invoice (as_of_seq);
CREATE INDEX expected_changed ON expected (as_of_seq);
CREATE INDEX movement_package ON movement (package, at_ms);
CREATE INDEX movement_gtin ON movement (gtin, at_ms);
CREATE INDEX custody_package ON custody (package, out_at_ms);
COMMIT;
