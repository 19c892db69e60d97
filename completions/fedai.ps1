# Written by fedai completions from the command tree: change that, not this.
Register-ArgumentCompleter -Native -CommandName fedai -ScriptBlock {
  param($word, $ast, $at)
  $flags = @{
    '' = @(, @('-V', 'print the version'); , @('--version', 'print the version'); , @('--json', 'print JSON, errors too (those on stderr)'); , @('-h', 'show this help'); , @('--help', 'show this help'))
    ' up' = @(, @('--runner', 'llama-server=MODEL.gguf, openai=URL, ollama=URL (repeatable), or none'); , @('--port', 'port of the router on 127.0.0.1; 0 for any free one (default: 7447)'); , @('--once', 'send a few jobs, show their receipts, and end'); , @('--json', 'print JSON, errors too (those on stderr)'); , @('-q', 'say nothing on stderr but errors'); , @('--quiet', 'say nothing on stderr but errors'); , @('-h', 'show this help'); , @('--help', 'show this help'))
    ' serve' = @(, @('-h', 'show this help'); , @('--help', 'show this help'))
    ' serve router' = @(, @('--listen', 'where to listen; port 0: any (default: 127.0.0.1:7447)'); , @('--public', 'an address others dial, wss://HOST[:PORT] (repeatable)'); , @('--tls-cert', 'certificate chain (PEM), read again on HUP'); , @('--tls-key', 'its secret key (PEM)'); , @('--trusted-proxy', 'believe X-Forwarded-For from there (repeatable)'); , @('--name', 'what it calls itself (default: fedai router)'); , @('--as', 'sign with this identity (default: router, made on the first start)'); , @('--passphrase-file', 'the passphrase of that identity'); , @('--operator', 'who runs it, for clients that want another’’s node'); , @('--drain', 'how long open jobs may take after TERM (default: 30s)'); , @('--json', 'print JSON, errors too (those on stderr)'); , @('-q', 'say nothing on stderr but errors'); , @('--quiet', 'say nothing on stderr but errors'); , @('-h', 'show this help'); , @('--help', 'show this help'))
    ' serve node' = @(, @('--runner', 'llama-server=MODEL.gguf, openai=URL, ollama=URL, none (repeatable)'); , @('--queue', 'jobs that may wait for each slot (default: 2)'); , @('--router', 'where to sell (repeatable; default: routers on this machine)'); , @('--name', 'what it calls itself (default: fedai node)'); , @('--as', 'sign with this identity (default: node, made on the first start)'); , @('--passphrase-file', 'the passphrase of that identity'); , @('--operator', 'who runs it, for clients that want another’’s node'); , @('--drain', 'how long open jobs may take after TERM (default: 30s)'); , @('--json', 'print JSON, errors too (those on stderr)'); , @('-q', 'say nothing on stderr but errors'); , @('--quiet', 'say nothing on stderr but errors'); , @('-h', 'show this help'); , @('--help', 'show this help'))
    ' request' = @(, @('-f', 'read the text from FILE'); , @('--file', 'read the text from FILE'); , @('--input', 'read the task''s own JSON from FILE, or - for stdin'); , @('--system', 'instruction for the model, before the prompt'); , @('-t', 'what to do'); , @('--task', 'what to do'); , @('-m', 'name or pattern, such as ''llama-*'' (repeatable)'); , @('--model', 'name or pattern, such as ''llama-*'' (repeatable)'); , @('--max-tokens', 'most tokens of output'); , @('--max-price', 'never pay more, such as 10sat or 500msat'); , @('--deadline', 'give up after, such as 30s or 5m'); , @('--wait', 'while all nodes are busy; 0s: never (default: 10s)'); , @('--where', 'which nodes may serve, see below (repeatable)'); , @('--prefer', 'cheap, balanced or fast (default: balanced)'); , @('--dry-run', 'print offers and ceiling, send no content'); , @('--router', 'a router to ask, repeatable (default: those here)'); , @('--as', 'sign with this identity (default: a new key)'); , @('--passphrase-file', 'the passphrase of that identity'); , @('-o', 'write the result to FILE, whole or not at all'); , @('--out', 'write the result to FILE, whole or not at all'); , @('--json', 'print JSON, errors too (those on stderr)'); , @('--stream', 'with --json: a line for each piece as it comes'); , @('-q', 'say nothing on stderr but errors'); , @('--quiet', 'say nothing on stderr but errors'); , @('-h', 'show this help'); , @('--help', 'show this help'))
    ' verify' = @(, @('--json', 'print JSON, errors too (those on stderr)'); , @('-h', 'show this help'); , @('--help', 'show this help'))
    ' init' = @(, @('--as', 'what to call it on this machine'); , @('--import', 'take the key (nsec, hex, ncryptsec) from FILE, or - for stdin'); , @('--passphrase-file', 'encrypt it with this passphrase; opens --import too'); , @('-y', 'take the default for every question that no flag answers'); , @('--yes', 'take the default for every question that no flag answers'); , @('--json', 'print JSON, errors too (those on stderr)'); , @('-h', 'show this help'); , @('--help', 'show this help'))
    ' trust' = @(, @('-h', 'show this help'); , @('--help', 'show this help'))
    ' trust add' = @(, @('-n', 'what to call it here'); , @('--name', 'what to call it here'); , @('--own', 'it is yours: request --where own'); , @('--json', 'print JSON, errors too (those on stderr)'); , @('-h', 'show this help'); , @('--help', 'show this help'))
    ' trust remove' = @(, @('--json', 'print JSON, errors too (those on stderr)'); , @('-h', 'show this help'); , @('--help', 'show this help'))
    ' trust list' = @(, @('--json', 'print JSON, errors too (those on stderr)'); , @('-h', 'show this help'); , @('--help', 'show this help'))
    ' config' = @(, @('-h', 'show this help'); , @('--help', 'show this help'))
    ' config show' = @(, @('--json', 'print JSON, errors too (those on stderr)'); , @('-h', 'show this help'); , @('--help', 'show this help'))
    ' config explain' = @(, @('--json', 'print JSON, errors too (those on stderr)'); , @('-h', 'show this help'); , @('--help', 'show this help'))
    ' config path' = @(, @('--json', 'print JSON, errors too (those on stderr)'); , @('-h', 'show this help'); , @('--help', 'show this help'))
    ' schema' = @(, @('--json', 'print JSON, errors too (those on stderr)'); , @('-h', 'show this help'); , @('--help', 'show this help'))
    ' completions' = @(, @('-h', 'show this help'); , @('--help', 'show this help'))
  }
  $words = @{
    '' = @(, @('up', 'run a whole network in one process, on play money'); , @('serve', 'run a router or a node as a daemon'); , @('request', 'send one job and print its result'); , @('verify', 'check receipts and what proves them, offline'); , @('init', 'make or import an identity'); , @('trust', 'keep the keys that you trust'); , @('config', 'show what is set and where it comes from'); , @('schema', 'print the JSON Schema of what a command prints'); , @('completions', 'print the script that completes commands in a shell'))
    ' up' = @()
    ' serve' = @(, @('router', 'run a router: match jobs with nodes, pass on what is sealed'); , @('node', 'run a node: sell what this machine can compute'))
    ' serve router' = @()
    ' serve node' = @()
    ' request' = @()
    ' verify' = @()
    ' init' = @()
    ' trust' = @(, @('add', 'trust a key'); , @('remove', 'trust a key no longer'); , @('list', 'print the keys that you trust'))
    ' trust add' = @()
    ' trust remove' = @()
    ' trust list' = @()
    ' config' = @(, @('show', 'print every key, its value and where that comes from'); , @('explain', 'say what a key does, its value, and where exactly that stands'); , @('path', 'print which files and folders are in use'))
    ' config show' = @()
    ' config explain' = @(, @('routers', 'routers'); , @('router', 'router'); , @('node', 'node'); , @('request', 'request'); , @('log', 'log'); , @('limits', 'limits'); , @('router.listen', 'router.listen'); , @('router.name', 'router.name'); , @('router.identity', 'router.identity'); , @('router.public', 'router.public'); , @('router.tls_cert', 'router.tls_cert'); , @('router.tls_key', 'router.tls_key'); , @('router.trusted_proxy', 'router.trusted_proxy'); , @('router.operator', 'router.operator'); , @('router.drain', 'router.drain'); , @('node.name', 'node.name'); , @('node.identity', 'node.identity'); , @('node.runners', 'node.runners'); , @('node.queue', 'node.queue'); , @('node.drain', 'node.drain'); , @('node.operator', 'node.operator'); , @('request.identity', 'request.identity'); , @('request.where', 'request.where'); , @('request.prefer', 'request.prefer'); , @('request.max_price', 'request.max_price'); , @('request.deadline', 'request.deadline'); , @('request.wait', 'request.wait'); , @('log.format', 'log.format'); , @('limits.input', 'limits.input'); , @('limits.output', 'limits.output'); , @('limits.windows_per_link', 'limits.windows_per_link'); , @('limits.unsent_per_link', 'limits.unsent_per_link'); , @('limits.jobs_per_link', 'limits.jobs_per_link'); , @('limits.subscriptions_per_link', 'limits.subscriptions_per_link'); , @('limits.filters_per_subscription', 'limits.filters_per_subscription'); , @('limits.events_burst', 'limits.events_burst'); , @('limits.events_per_second', 'limits.events_per_second'); , @('limits.syncs_burst', 'limits.syncs_burst'); , @('limits.syncs_per_second', 'limits.syncs_per_second'); , @('limits.stray_bytes_per_second', 'limits.stray_bytes_per_second'); , @('limits.asks_per_second_unknown', 'limits.asks_per_second_unknown'); , @('limits.open_jobs_unknown', 'limits.open_jobs_unknown'); , @('limits.held_tickets_unknown', 'limits.held_tickets_unknown'); , @('limits.keys_per_address', 'limits.keys_per_address'); , @('limits.handshake', 'limits.handshake'); , @('limits.auth', 'limits.auth'); , @('limits.idle', 'limits.idle'); , @('limits.ping', 'limits.ping'); , @('limits.link_lost', 'limits.link_lost'); , @('limits.ticket_life', 'limits.ticket_life'); , @('limits.hold', 'limits.hold'); , @('limits.accept_within', 'limits.accept_within'); , @('limits.sheet_kept', 'limits.sheet_kept'))
    ' config path' = @()
    ' schema' = @(, @('fedai', 'fedai'); , @('version', 'version'); , @('up', 'up'); , @('serve', 'serve'); , @('router', 'router'); , @('node', 'node'); , @('request', 'request'); , @('verify', 'verify'); , @('init', 'init'); , @('trust', 'trust'); , @('add', 'add'); , @('remove', 'remove'); , @('list', 'list'); , @('config', 'config'); , @('show', 'show'); , @('explain', 'explain'); , @('path', 'path'); , @('schema', 'schema'); , @('fedai.toml', 'fedai.toml'))
    ' completions' = @(, @('bash', 'bash'); , @('zsh', 'zsh'); , @('fish', 'fish'); , @('powershell', 'powershell'))
  }
  $values = @{
    ' up --runner' = @()
    ' up --port' = @()
    ' serve router --listen' = @()
    ' serve router --public' = @()
    ' serve router --tls-cert' = @()
    ' serve router --tls-key' = @()
    ' serve router --trusted-proxy' = @()
    ' serve router --name' = @()
    ' serve router --as' = @()
    ' serve router --passphrase-file' = @()
    ' serve router --operator' = @()
    ' serve router --drain' = @()
    ' serve node --runner' = @()
    ' serve node --queue' = @()
    ' serve node --router' = @()
    ' serve node --name' = @()
    ' serve node --as' = @()
    ' serve node --passphrase-file' = @()
    ' serve node --operator' = @()
    ' serve node --drain' = @()
    ' request -f' = @()
    ' request --file' = @()
    ' request --input' = @()
    ' request --system' = @()
    ' request -t' = @('text.chat', 'text.generate', 'text.embed', 'text.rerank', 'text.summarize', 'text.chunk', 'text.detect')
    ' request --task' = @('text.chat', 'text.generate', 'text.embed', 'text.rerank', 'text.summarize', 'text.chunk', 'text.detect')
    ' request -m' = @()
    ' request --model' = @()
    ' request --max-tokens' = @()
    ' request --max-price' = @()
    ' request --deadline' = @()
    ' request --wait' = @()
    ' request --where' = @('own', 'trusted', 'local', 'other-operator', 'no-proprietary')
    ' request --prefer' = @('cheap', 'balanced', 'fast')
    ' request --router' = @()
    ' request --as' = @()
    ' request --passphrase-file' = @()
    ' request -o' = @()
    ' request --out' = @()
    ' init --as' = @()
    ' init --import' = @()
    ' init --passphrase-file' = @()
    ' trust add -n' = @()
    ' trust add --name' = @()
  }
  $said = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  # The word that is being completed is no part of what calls the command.
  if ($word -and $said.Count -gt 0) { $said = @($said | Select-Object -SkipLast 1) }
  $place = ''
  foreach ($one in $said) {
    if ($words.ContainsKey("$place $one")) { $place = "$place $one" }
  }
  $last = "$place $($said | Select-Object -Last 1)"
  if ($values.ContainsKey($last)) {
    # None for a value that is no word: PowerShell then offers files.
    $choices = @($values[$last] | ForEach-Object { , @($_, $_) })
  } elseif ("$word".StartsWith('-') -or $words[$place].Count -eq 0) { $choices = $flags[$place] }
  else { $choices = $words[$place] }
  $choices | Where-Object { $_ -and $_[0] -like "$word*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
  }
}
