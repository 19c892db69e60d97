/** The ledger of play money. Amounts are msat, times are ms since 1970, hashes and preimages are hex. */

/** Written into every ledger: what its numbers are not. */
export const MAGIC = 'FEDAI-SIM-NOT-MONEY'

/** All the play money of one ledger, 1,000,000,000 sat in msat: the faucet gives no more. */
export const SUPPLY = 1_000_000_000_000n

/** Accounts that no user can have, since names have no `@`: what was never given out, what is held, what routing cost. */
export const MINT = '@mint'
export const HELD = '@held'
export const ROUTING = '@routing'

/**
 * Double entry: money only ever moves from one account to another (`moves`), so that the sum of all
 * balances is the supply, always; and no balance is below zero.
 *
 * An invoice knows its payer from the moment that money left them: `accepted` is in flight for them,
 * `settled` is settled, `canceled` came back. What failed before that moved nothing and leaves nothing.
 * Whoever waits for news reads the rows whose `change` is new to them.
 */
export const MIGRATIONS = [
  `CREATE TABLE network (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    magic TEXT NOT NULL CHECK (magic = '${MAGIC}'),
    id BLOB NOT NULL CHECK (length(id) = 32),
    changes INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE accounts (
    name TEXT PRIMARY KEY,
    msat INTEGER NOT NULL CHECK (msat >= 0)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE moves (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    giver TEXT NOT NULL REFERENCES accounts (name),
    taker TEXT NOT NULL REFERENCES accounts (name),
    msat INTEGER NOT NULL CHECK (msat > 0),
    hash TEXT,
    CHECK (giver <> taker)
  ) STRICT;
  CREATE TABLE invoices (
    hash TEXT PRIMARY KEY,
    payee TEXT NOT NULL REFERENCES accounts (name),
    bolt11 TEXT NOT NULL,
    msat INTEGER NOT NULL CHECK (msat > 0),
    expires INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'settled', 'canceled')),
    preimage TEXT,
    payer TEXT REFERENCES accounts (name),
    fee INTEGER CHECK (fee >= 0),
    change INTEGER,
    CHECK (state IN ('open', 'canceled') OR payer IS NOT NULL),
    CHECK (state <> 'settled' OR preimage IS NOT NULL)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX invoices_changed ON invoices (payee, change) WHERE change IS NOT NULL;
  CREATE INDEX invoices_expired ON invoices (expires);
  INSERT INTO accounts VALUES ('${MINT}', ${SUPPLY}), ('${HELD}', 0), ('${ROUTING}', 0);`,
]
