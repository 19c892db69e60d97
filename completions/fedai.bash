# Written by scripts/build-completions.ts from the command tree.
_fedai() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} verb='' word
  # Names of files may have spaces, so only line ends split; mapfile is not in the bash of macOS.
  local IFS=$'\n'
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in up|request|verify|init) verb=$word; break ;; esac
  done
  case $previous in
    -f|--file|--input|--passphrase-file|-o|--out|--import) COMPREPLY=($(compgen -f -- "$current")); return ;;
    -t|--task) COMPREPLY=($(compgen -W $'text.chat\ntext.generate\ntext.embed\ntext.rerank\ntext.summarize\ntext.chunk\ntext.detect' -- "$current")); return ;;
    --runner|--port|--system|-m|--model|--max-tokens|--max-price|--deadline|--router|--as) return ;;
  esac
  case $verb in
    '') word=$'up\nrequest\nverify\ninit\n-V\n--version\n--json\n-h\n--help' ;;
    'up') word=$'--runner\n--port\n--once\n--json\n-q\n--quiet\n-h\n--help' ;;
    'request') word=$'-f\n--file\n--input\n--system\n-t\n--task\n-m\n--model\n--max-tokens\n--max-price\n--deadline\n--dry-run\n--router\n--as\n--passphrase-file\n-o\n--out\n--json\n--stream\n-q\n--quiet\n-h\n--help' ;;
    'verify') word=$'--json\n-h\n--help' ;;
    'init') word=$'--as\n--import\n--passphrase-file\n-y\n--yes\n--json\n-h\n--help' ;;
  esac
  COMPREPLY=($(compgen -W "$word" -- "$current"))
  case $verb in
    verify) [[ $current == -* ]] || COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _fedai fedai
