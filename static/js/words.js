// The few sentences that scripts say. Everything else comes from the server.
const zh = document.documentElement.lang.startsWith("zh");

const said = {
  save: ["Save", "收藏"],
  saved: ["Saved", "已收藏"],
  undo: ["Undo", "撤销"],
  saveTo: ["Save to", "收藏到"],
  findBoard: ["Find a board", "查找画板"],
  suggestTo: ["Suggest to somebody else’s board", "推荐到别人的画板"],
  newBoard: ["New board", "新建画板"],
  follow: ["Follow", "关注"],
  following: ["Following", "已关注"],
  notSaved: ["Not saved. Try again", "没有收藏成功，请再试一次"],
  notDone: ["That did not work. Try again", "没有成功，请再试一次"],
  removed: ["Removed from your board", "已从画板移除"],
  loading: ["Loading more pins", "正在加载更多图钉"],
  loadMore: ["Load more", "加载更多"],
  notLoaded: ["Could not load. Try again", "加载失败，请再试一次"],
  choosePins: ["Choose pins", "选择图钉"],
  chosen: ["chosen", "个已选"],
  waiting: ["waiting", "等待中"],
  uploading: ["uploading", "上传中"],
  pinned: ["Pinned", "已发布"],
  tryAgain: ["Try again", "重试"],
  someFailed: ["Some pictures did not go through", "有图片没有上传成功"],
  close: ["Close", "关闭"],
  previous: ["Previous pin", "上一个图钉"],
  next: ["Next pin", "下一个图钉"],
  fullSize: ["Picture in full size", "原尺寸图片"],
  copied: ["Link copied", "链接已复制"],
  dragIt: ["Drag this button onto your bookmarks bar", "请把这个按钮拖到书签栏"],
  listCopied: ["List copied", "清单已复制"],
  codeCopied: ["Code copied. Open the Taobao app", "口令已复制，打开淘宝即可"],
};

export const word = (key) => said[key][zh ? 1 : 0];
