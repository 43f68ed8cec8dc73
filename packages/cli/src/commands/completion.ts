import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { readArguments } from '../readArguments.ts';

/** A command as a shell needs it for completion. */
interface Word {
  readonly name: string;
  /** The flags with their dashes. */
  readonly flags: readonly string[];
}

const flags = {} as const;

/** `clr completion`: prints a script that makes a shell complete command lines of clr. */
export const completion = (
  commands: ReadonlyMap<string, () => Promise<Pick<Command, 'flags'>>>,
): Command => ({
  flags,
  help: `Usage: clr completion bash | zsh | fish

Prints a script that makes the Tab key complete commands, options and files.

Example
  clr completion bash >> ~/.bashrc
  clr completion zsh >> ~/.zshrc
  clr completion fish > ~/.config/fish/completions/clr.fish
`,

  async run(args) {
    const [shell, ...others] = readArguments('completion', args, flags).positionals;
    const write =
      shell !== undefined && Object.hasOwn(scripts, shell) && scripts[shell as keyof typeof scripts];
    if (!write || others.length > 0) {
      throw new UsageError('bash, zsh or fish', [shell, ...others].join(' ') || 'nothing', 'completion');
    }
    const words = [...commands].map(async ([name, load]): Promise<Word> => {
      const { flags: known } = await load();
      return { name, flags: [...Object.keys(known), 'help'].map((flag) => `--${flag}`) };
    });
    return { text: write(await Promise.all(words)) };
  },
});

const scripts = {
  bash: (words: readonly Word[]) => `_clr() {
  local word="\${COMP_WORDS[COMP_CWORD]}" flags=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names(words)}" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${words.map(({ name, flags }) => `    ${name}) flags="${flags.join(' ')}" ;;`).join('\n')}
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -o filenames -F _clr clr
`,

  zsh: (words: readonly Word[]) => `_clr() {
  local -A flags=(
${words.map(({ name, flags }) => `    ${name} '${flags.join(' ')}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    compadd -- ${names(words)}
  elif [[ $words[CURRENT] == -* ]]; then
    compadd -- \${(s: :)flags[$words[2]]}
  else
    _files
  fi
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _clr clr
`,

  fish: (words: readonly Word[]) =>
    words
      .flatMap(({ name, flags }) => [
        `complete -c clr -n __fish_use_subcommand -f -a ${name}`,
        ...flags.map(
          (flag) => `complete -c clr -n '__fish_seen_subcommand_from ${name}' -l ${flag.slice(2)}`,
        ),
      ])
      .join('\n'),
};

const names = (words: readonly Word[]): string => words.map(({ name }) => name).join(' ');
