import { group } from '../group.ts'
import { serveNode } from './node.ts'
import { serveRouter } from './router.ts'

/** `fedai serve`: the daemons. Alone it says which there are. */
export const serve = (version: string) =>
  group(
    'serve',
    {
      description:
        'Run one part of the network as a daemon. On one machine they find each other by themselves.',
      examples: ['fedai serve router', 'fedai serve node', 'fedai serve router --help'],
      more: 'docs/operations.md',
    },
    [serveRouter(version), serveNode(version)],
  )
