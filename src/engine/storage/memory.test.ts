import { memoryStore } from './memory.ts'
import { storeConformance } from './store.conformance.ts'

storeConformance('memory', async () => memoryStore())
