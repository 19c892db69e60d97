# Written by scripts/build-completions.ts from the command tree.
Register-ArgumentCompleter -Native -CommandName fedai -ScriptBlock {
  param($word, $ast, $at)
  $flags = @{
    '' = @(@('-V', 'print the version'), @('--version', 'print the version'), @('--json', 'print JSON, errors too (those on stderr)'), @('-h', 'show this help'), @('--help', 'show this help'))
    'up' = @(@('--runner', 'openai=http://HOST:PORT (repeatable), or none: look for none'), @('--port', 'port of the router on 127.0.0.1; 0 for any free one (default: 7447)'), @('--once', 'send a few jobs, show their receipts, and end'), @('--json', 'print JSON, errors too (those on stderr)'), @('-q', 'say nothing on stderr but errors'), @('--quiet', 'say nothing on stderr but errors'), @('-h', 'show this help'), @('--help', 'show this help'))
    'request' = @(@('-f', 'read the text from FILE'), @('--file', 'read the text from FILE'), @('--input', 'read the task''s own JSON from FILE, or - for stdin'), @('--system', 'instruction for the model, before the prompt'), @('-t', 'what to do'), @('--task', 'what to do'), @('-m', 'name or pattern, such as ''llama-*'' (repeatable)'), @('--model', 'name or pattern, such as ''llama-*'' (repeatable)'), @('--max-tokens', 'most tokens of output'), @('--max-price', 'never pay more, such as 10sat or 500msat'), @('--deadline', 'give up after, such as 30s or 5m'), @('--dry-run', 'print offers and ceiling, send no content'), @('--router', 'where to ask (default: what `fedai up` runs here)'), @('--as', 'sign with this identity (default: a new key)'), @('--passphrase-file', 'the passphrase of that identity'), @('-o', 'write the result to FILE, whole or not at all'), @('--out', 'write the result to FILE, whole or not at all'), @('--json', 'print JSON, errors too (those on stderr)'), @('--stream', 'with --json: a line for each piece as it comes'), @('-q', 'say nothing on stderr but errors'), @('--quiet', 'say nothing on stderr but errors'), @('-h', 'show this help'), @('--help', 'show this help'))
    'verify' = @(@('--json', 'print JSON, errors too (those on stderr)'), @('-h', 'show this help'), @('--help', 'show this help'))
    'init' = @(@('--as', 'what to call it on this machine'), @('--import', 'take the key (nsec, hex, ncryptsec) from FILE, or - for stdin'), @('--passphrase-file', 'encrypt it with this passphrase; opens --import too'), @('-y', 'take the default for every question that no flag answers'), @('--yes', 'take the default for every question that no flag answers'), @('--json', 'print JSON, errors too (those on stderr)'), @('-h', 'show this help'), @('--help', 'show this help'))
  }
  $verbs = @(@('up', 'run a whole network in one process, on play money'), @('request', 'send one job and print its result'), @('verify', 'check receipts and what proves them, offline'), @('init', 'make or import an identity'))
  $said = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  $verb = @($said | Where-Object { $_ -ne $word -and $flags.ContainsKey($_) })[0]
  if ($said.Count -gt 0 -and $said[$(if ($word) { -2 } else { -1 })] -in '-t', '--task') {
    $choices = @(@('text.chat', 'text.chat'), @('text.generate', 'text.generate'), @('text.embed', 'text.embed'), @('text.rerank', 'text.rerank'), @('text.summarize', 'text.summarize'), @('text.chunk', 'text.chunk'), @('text.detect', 'text.detect'))
  } elseif ($verb) { $choices = $flags[$verb] } else { $choices = $verbs + $flags[''] }
  $choices | Where-Object { $_[0] -like "$word*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
  }
}
