# Written by fedai completions from the command tree: change that, not this.
_fedai() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  local at='' word words='' flags='' files=''
  # Names of files may have spaces, so only line ends split; mapfile is not in the bash of macOS.
  local IFS=$'\n'
  COMPREPLY=()
  # bash hands --task=x over as three words.
  if [[ $current == '=' ]]; then current=''
  elif [[ $previous == '=' ]]; then previous=${COMP_WORDS[COMP_CWORD-2]}; fi
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
      ' up'|' serve'|' serve router'|' serve node'|' request'|' pay'|' pay connect'|' pay status'|' pay tabs'|' pay top-up'|' pay history'|' pay resolve'|' verify'|' init'|' trust'|' trust add'|' trust remove'|' trust list'|' config'|' config show'|' config explain'|' config path'|' schema'|' completions') at="$at $word" ;;
    esac
  done
  case "$at $previous" in
    ' up --runner'|' up --port'|' serve router --listen'|' serve router --public'|' serve router --trusted-proxy'|' serve router --fee'|' serve router --fee-routes'|' serve router --name'|' serve router --as'|' serve router --operator'|' serve router --drain'|' serve node --runner'|' serve node --queue'|' serve node --router'|' serve node --name'|' serve node --as'|' serve node --operator'|' serve node --drain'|' request --system'|' request -m'|' request --model'|' request --max-tokens'|' request --max-price'|' request --deadline'|' request --wait'|' request --budget'|' request --max-exposure'|' request --router'|' request --as'|' pay --budget'|' pay --max-fee'|' pay --wait'|' pay top-up --router'|' pay top-up --budget'|' pay top-up --max-exposure'|' pay top-up --max-fee'|' pay history -n'|' pay history --limit'|' pay resolve --give-up'|' init --as'|' trust add -n'|' trust add --name') :; return ;;
    ' serve router --tls-cert'|' serve router --tls-key'|' serve router --wallet-file'|' serve router --passphrase-file'|' serve node --wallet-file'|' serve node --passphrase-file'|' request -f'|' request --file'|' request --input'|' request --passphrase-file'|' request -o'|' request --out'|' pay --passphrase-file'|' pay connect -f'|' pay connect --file'|' pay status --passphrase-file'|' pay top-up --passphrase-file'|' pay resolve --passphrase-file'|' init --import'|' init --passphrase-file') _fedai_files; return ;;
    ' serve router --net'|' serve node --net'|' request --net'|' pay --net'|' pay connect --net'|' pay status --net'|' pay tabs --net'|' pay top-up --net'|' pay history --net'|' pay resolve --net') COMPREPLY=($(compgen -W $'sim\nmainnet\ntestnet\nregtest' -- "$current")); return ;;
    ' serve router --require-payment') COMPREPLY=($(compgen -W $'none\nbefore\nafter\nany' -- "$current")); return ;;
    ' serve router --payment-evidence') COMPREPLY=($(compgen -W $'node\nproof' -- "$current")); return ;;
    ' serve node --wallet') COMPREPLY=($(compgen -W $'auto\nnone\nsim\nnwc\nlnd\ncln\nphoenixd\nlnbits' -- "$current")); return ;;
    ' request -t'|' request --task') COMPREPLY=($(compgen -W $'text.chat\ntext.generate\ntext.embed\ntext.rerank\ntext.summarize\ntext.chunk\ntext.detect' -- "$current")); return ;;
    ' request --where') COMPREPLY=($(compgen -W $'own\ntrusted\nlocal\nother-operator\nno-proprietary' -- "$current")); return ;;
    ' request --prefer') COMPREPLY=($(compgen -W $'cheap\nbalanced\nfast' -- "$current")); return ;;
    ' request --timing') COMPREPLY=($(compgen -W $'before\nstream\nafter\nhold\nfree' -- "$current")); return ;;
    ' request --tab') COMPREPLY=($(compgen -W $'on\noff' -- "$current")); return ;;
  esac
  case $at in
    '') words=$'up\nserve\nrequest\npay\nverify\ninit\ntrust\nconfig\nschema\ncompletions' flags=$'-V\n--version\n--json\n-h\n--help' ;;
    ' up') flags=$'--runner\n--port\n--once\n--json\n-q\n--quiet\n-h\n--help' ;;
    ' serve') words=$'router\nnode' flags=$'-h\n--help' ;;
    ' serve router') flags=$'--listen\n--public\n--tls-cert\n--tls-key\n--trusted-proxy\n--net\n--require-payment\n--payment-evidence\n--fee\n--fee-routes\n--wallet-file\n--name\n--as\n--passphrase-file\n--operator\n--drain\n--json\n-q\n--quiet\n-h\n--help' ;;
    ' serve node') flags=$'--runner\n--queue\n--net\n--wallet\n--wallet-file\n--allow-spending-credential\n--router\n--name\n--as\n--passphrase-file\n--operator\n--drain\n--json\n-q\n--quiet\n-h\n--help' ;;
    ' request') flags=$'-f\n--file\n--input\n--system\n-t\n--task\n-m\n--model\n--max-tokens\n--max-price\n--deadline\n--wait\n--where\n--prefer\n--dry-run\n--timing\n--budget\n--tab\n--max-exposure\n--net\n--router\n--as\n--passphrase-file\n-o\n--out\n--json\n--stream\n-q\n--quiet\n-h\n--help' ;;
    ' pay') words=$'connect\nstatus\ntabs\ntop-up\nhistory\nresolve' flags=$'--net\n--budget\n--max-fee\n--wait\n--passphrase-file\n-y\n--yes\n--dry-run\n--json\n-q\n--quiet\n-h\n--help' ;;
    ' pay connect') flags=$'-f\n--file\n--net\n-y\n--yes\n--dry-run\n--json\n-h\n--help' ;;
    ' pay status') flags=$'--net\n--passphrase-file\n-y\n--yes\n--dry-run\n--json\n-h\n--help' ;;
    ' pay tabs') flags=$'--net\n--all\n--statements\n-y\n--yes\n--dry-run\n--json\n-h\n--help' ;;
    ' pay top-up') flags=$'--net\n--router\n--budget\n--max-exposure\n--max-fee\n--passphrase-file\n-y\n--yes\n--dry-run\n--json\n-q\n--quiet\n-h\n--help' ;;
    ' pay history') flags=$'--net\n-n\n--limit\n--csv\n-y\n--yes\n--dry-run\n--json\n-h\n--help' ;;
    ' pay resolve') flags=$'--net\n--passphrase-file\n--give-up\n-y\n--yes\n--dry-run\n--json\n-h\n--help' ;;
    ' verify') flags=$'--json\n-h\n--help' files=1 ;;
    ' init') flags=$'--as\n--import\n--passphrase-file\n-y\n--yes\n--json\n-h\n--help' ;;
    ' trust') words=$'add\nremove\nlist' flags=$'-h\n--help' ;;
    ' trust add') flags=$'-n\n--name\n--own\n--json\n-h\n--help' ;;
    ' trust remove') flags=$'--json\n-h\n--help' ;;
    ' trust list') flags=$'--json\n-h\n--help' ;;
    ' config') words=$'show\nexplain\npath' flags=$'-h\n--help' ;;
    ' config show') flags=$'--json\n-h\n--help' ;;
    ' config explain') words=$'routers\nrouter\nnode\nrequest\nlog\nnet\npay\nlimits\nrouter.listen\nrouter.name\nrouter.identity\nrouter.public\nrouter.tls_cert\nrouter.tls_key\nrouter.trusted_proxy\nrouter.operator\nrouter.drain\nnode.name\nnode.identity\nnode.runners\nnode.queue\nnode.drain\nnode.operator\nrequest.identity\nrequest.where\nrequest.prefer\nrequest.max_price\nrequest.deadline\nrequest.wait\nlog.format\nrouter.require_payment\nrouter.payment_evidence\nrouter.fee\nrouter.fee_routes\nrouter.wallet_file\nnode.wallet\nnode.wallet_file\nnode.allow_spending_credential\nrequest.timing\npay.budget\npay.max_exposure\npay.tab\npay.identity\nlimits.input\nlimits.output\nlimits.windows_per_link\nlimits.unsent_per_link\nlimits.jobs_per_link\nlimits.subscriptions_per_link\nlimits.filters_per_subscription\nlimits.events_burst\nlimits.events_per_second\nlimits.syncs_burst\nlimits.syncs_per_second\nlimits.stray_bytes_per_second\nlimits.asks_per_second_unknown\nlimits.open_jobs_unknown\nlimits.held_tickets_unknown\nlimits.keys_per_address\nlimits.handshake\nlimits.auth\nlimits.idle\nlimits.ping\nlimits.link_lost\nlimits.ticket_life\nlimits.hold\nlimits.accept_within\nlimits.sheet_kept' flags=$'--json\n-h\n--help' ;;
    ' config path') flags=$'--json\n-h\n--help' ;;
    ' schema') words=$'fedai\nversion\nup\nserve\nrouter\nnode\nrequest\npay\nconnect\nstatus\ntabs\ntop-up\nhistory\nresolve\nverify\ninit\ntrust\nadd\nremove\nlist\nconfig\nshow\nexplain\npath\nschema\nfedai.toml' flags=$'--json\n-h\n--help' ;;
    ' completions') words=$'bash\nzsh\nfish\npowershell' flags=$'-h\n--help' ;;
  esac
  [[ $current == -* || -z $words$files ]] && words=$flags files=''
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ $files ]] && _fedai_files
}
_fedai_files() {
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$current"))
}
if type compopt >/dev/null 2>&1; then complete -F _fedai fedai
else complete -o filenames -F _fedai fedai; fi
