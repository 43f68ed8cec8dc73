/** The picture of every policy, by the name of its page. */
export function policyPictures(): [name: string, svg: string][];
