import { type Signed, tagValue } from '../../protocol/event.ts'

/** What an info event of NIP-47 says: words that the service puts into it, in public. */
export type ServiceInfo = Readonly<{
  event: Signed
  methods: ReadonlySet<string>
  notifications: ReadonlySet<string>
  /** Speaks NIP-44. One that says nothing of encryption speaks NIP-04 alone. */
  nip44: boolean
}>

/** The newer of two: a relay may have an old one still, or hand it out on purpose. */
export const newest = (known: ServiceInfo | null, event: Signed): ServiceInfo =>
  known && (known.event.created_at > event.created_at || known.event.id === event.id)
    ? known
    : {
        event,
        methods: wordsIn(event.content),
        notifications: wordsIn(tagValue(event, 'notifications')),
        nip44: wordsIn(tagValue(event, 'encryption')).has('nip44_v2'),
      }

const wordsIn = (text = ''): ReadonlySet<string> => new Set(text.split(/[\s,]+/).filter(Boolean))
