/**
 * Every number that bounds something, in one place. Defaults of docs/protocol.md, section 7;
 * all of them are arguments where they are used, so that tests can try the edges.
 */
export const KIB = 1024
export const MIB = 1024 * 1024

export const BOUNDS = {
  eventBytes: 64 * KIB,
  jsonDepth: 8,
  sealedJsonDepth: 64,
  inputBytes: 64 * MIB,
  outputBytes: 256 * MIB,
  frameBytes: 256 * KIB,
  windowBytes: 64 * KIB,
  windowBytesMax: 1 * MIB,
  windowsPerLinkBytes: 8 * MIB,
  inlineBodyBytes: 32 * KIB,
  jobsPerLink: 64,
  syncsBurst: 256,
  syncsPerSecond: 64,
  backPerSecond: 100,
  unsentPerLinkBytes: 8 * MIB,
  subscriptionsPerLink: 32,
  filtersPerSubscription: 10,
  eventsBurst: 400,
  eventsPerSecond: 200,
  strayBytesPerSecond: 200 * KIB,
  asksPerSecondUnknown: 20,
  openJobsUnknown: 4,
  heldTicketsUnknown: 2,
  keysPerAddress: 32,
  offers: 3,

  freshnessMs: 60_000,
  handshakeMs: 5_000,
  authMs: 10_000,
  idleMs: 120_000,
  pingMs: 25_000,
  linkLostMs: 10_000,
  ticketLifeMs: 30_000,
  ticketLifeMinMs: 5_000,
  ticketLifeMaxMs: 300_000,
  askLifeMs: 60_000,
  holdMs: 3_000,
  acceptWithinMs: 1_000,
  receiptWithinMs: 30_000,
  acknowledgementWithinMs: 60_000,
  creditWithinMs: 250,
  lastCreditWithinMs: 15_000,
  stalledMs: 60_000,
  awayMs: 10_000,
  resultWaitsMs: 60_000,
  coalesceBytes: 16 * KIB,
  sheetKeptMs: 48 * 3_600_000,

  holdEtaMs: 30_000,
  lockedBlocks: 300,
} as const

export type Bounds = { readonly [K in keyof typeof BOUNDS]: number }
