/** A command as it can be given to a shell again. */
export function commandLine(name: string, args: readonly string[]): string {
  const quoted = args.map((arg) => (/^[\w./:=,*-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`));
  return ['clr', name, ...quoted].join(' ');
}
