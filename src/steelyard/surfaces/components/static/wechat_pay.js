// Inside WeChat: the button hands the app what it pays by. What the app says is not believed: the page asks the channel.
(() => {
  const button = document.querySelector("[data-wechat-pay]");
  if (!button) return;
  const words = document.querySelector("[data-wechat-says]");
  const pay = () => {
    button.disabled = true;
    window.WeixinJSBridge.invoke("getBrandWCPayRequest", JSON.parse(button.dataset.wechatPay), (said) => {
      button.disabled = false;
      if (said.err_msg === "get_brand_wcpay_request:ok") location.assign(button.dataset.back);
      else words.textContent = words.dataset.wechatSays;
    });
  };
  button.addEventListener("click", () => {
    if (window.WeixinJSBridge) pay();
    else document.addEventListener("WeixinJSBridgeReady", pay, { once: true });
  });
})();
