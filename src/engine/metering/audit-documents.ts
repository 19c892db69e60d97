import type { EventId } from '../protocol/ids.ts'
import type { KindName } from '../protocol/kinds.ts'
import type { Message } from '../protocol/messages.ts'

/** The documents of an audit: each once, found by id and by kind. */
export type Documents = Readonly<{
  all: readonly Message[]
  byId(id: EventId): Message | undefined
  of<K extends KindName>(name: K): readonly Message<K>[]
}>

export const documentsOf = (messages: readonly Message[]): Documents => {
  const byId = new Map(messages.map((message) => [message.event.id, message]))
  const all = [...byId.values()]
  const byName = Map.groupBy(all, (message) => message.name)
  return {
    all,
    byId: (id) => byId.get(id),
    of: <K extends KindName>(name: K) => (byName.get(name) ?? []) as Message<K>[],
  }
}
