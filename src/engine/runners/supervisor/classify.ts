import type { Exit } from './child.ts'
import type { Trouble } from './state.ts'

/**
 * What a llama-server says of its end, line by line. Only the kind of a line is kept and a word of it
 * that cannot come from a job: the rest may quote a prompt, and nobody here ever reads it again.
 */
export class Symptoms {
  private found: { rank: number; trouble: Trouble } | undefined

  constructor(private readonly model: string) {}

  add(line: string): void {
    for (const [rank, symptom] of SYMPTOMS.entries()) {
      if (this.found && this.found.rank <= rank) return
      const match = symptom.pattern.exec(line)
      if (match) this.found = { rank, trouble: symptom.trouble(word(match[1]), this.model) }
    }
  }

  /** Why it ended: what it said, else what the system says of its end. */
  diagnose(exit: Exit, program: string): Trouble {
    return bySystem(exit, program) ?? this.found?.trouble ?? bySignal(exit)
  }
}

type Symptom = Readonly<{
  pattern: RegExp
  trouble: (word: string, model: string) => Trouble
}>

const trouble = (code: string, message: string, hint: string, hopeless: boolean): Trouble => ({
  code,
  message,
  hint,
  hopeless,
})

/** The first that fits is meant: what comes later is often the consequence of what stands before it. */
const SYMPTOMS: readonly Symptom[] = [
  {
    pattern:
      /(?:invalid argument|unknown argument|error while handling argument)[: "]+(-{1,2}[a-z-]+)/,
    trouble: (flag) =>
      trouble(
        'bad_flag',
        `this llama-server does not take ${flag}`,
        'update llama.cpp: fedai needs llama-server 0.5 or newer',
        true,
      ),
  },
  {
    pattern: /error while loading shared libraries: ([\w.+-]+)/,
    trouble: (library) =>
      trouble('library', `llama-server lacks the library ${library}`, 'install it again', true),
  },
  {
    pattern:
      /out of memory|ErrorOutOf\w*Memory|failed to allocate|unable to allocate|cannot allocate memory|bad_alloc|cudaMalloc failed/i,
    trouble: (_, model) =>
      trouble(
        'oom',
        `there is not enough memory for ${model}`,
        'give it less context or fewer slots (ctx=2048,slots=1), or take a smaller model',
        false,
      ),
  },
  {
    pattern: /unknown model architecture: '([\w.-]+)'/,
    trouble: (architecture, model) =>
      trouble(
        'unknown_model',
        `this llama-server does not know models such as ${model} (${architecture})`,
        'update llama.cpp, or take another model',
        true,
      ),
  },
  {
    pattern: /invalid magic|failed to load model|error loading model|failed to read magic/i,
    trouble: (_, model) =>
      trouble(
        'bad_model',
        `llama-server cannot load ${model}`,
        'check that the file is a whole GGUF model, for instance by fetching it again',
        true,
      ),
  },
  {
    pattern: /couldn't bind|address already in use/i,
    trouble: () =>
      trouble('bind', 'llama-server could not open its socket', 'it is tried again', false),
  },
]

const bySystem = ({ code, failed }: Exit, program: string): Trouble | undefined => {
  if (failed === 'ENOEXEC' || code === 126)
    return trouble(
      'not_executable',
      `${program} cannot be run on this machine`,
      'install the llama-server for this system and processor, or name it: program=/PATH/llama-server',
      true,
    )
  if (failed === undefined && code !== 127) return undefined
  return trouble('no_program', `${program} could not be started`, INSTALL, true)
}

/** Where a llama-server comes from. */
export const INSTALL =
  'install llama.cpp (brew install llama.cpp, apt install llama.cpp, or github.com/ggml-org/llama.cpp), or name the program: program=/PATH/llama-server'

const bySignal = ({ code, signal }: Exit): Trouble => {
  if (signal === 'SIGILL')
    return trouble(
      'wrong_cpu',
      'llama-server uses instructions that this processor lacks',
      'install a build for this processor',
      true,
    )
  if (signal === 'SIGKILL')
    return trouble(
      'killed',
      'llama-server was killed, as the system does where memory runs out',
      'give it less context or fewer slots (ctx=2048,slots=1), or take a smaller model',
      false,
    )
  const how = signal === null ? `with code ${code}` : `by ${signal}`
  return trouble(
    'crashed',
    `llama-server ended ${how}`,
    'start llama-server by hand with this model: it says why',
    false,
  )
}

/** A flag, a library, an architecture: nothing longer. */
const word = (text: string | undefined): string => (text ?? '').slice(0, 60)
